"""Common English words, so that the tokenizer knows their parts and the model has written each of them."""

COMMON_TEXT = """
able about above accept account across action active add address advice afraid after afternoon again against age
agency ago agree air all allow almost alone along already also although always among amount and angle animal another
answer any anybody anyone anything apart appear April area arm army around arrive arrived art as ask asked asking at
away baby back bad bag ball bank base basket bath be beautiful because become bed been before began begin behind
being believe bell belong below beneath beside best better between beyond big bill bird birth bit black blow board
boat body boil bone book border born both bottle bottom bought bowl box boy branch bread break bridge bring brother
brought build building burn bus business busy but button buy by cable call called calm came can capital captain car
card care careful carry case cause cell cement centre certain chain chair chance change charge charged cheap check
child children choice choose circle city class clean clear climb clock close cloth cloud coast coffee cold collect
colour come common company compare complete content continue control cook cool copy corner correct cost could count
country couple course cover create cross crowd cry cup current cut damage dance danger daughter day dead deal dear
decide deep degree department depend describe desert design detail develop did die differ difference different
difficult dinner direct discover discuss distance divide do doctor does dog done door double doubt down draw dream
dress drink drive drop dry during dust duty each ear early earn earth east easy eat edge effect egg eight either
electric else emergency empty end engine enjoy enough enter equal error even evening event ever every everybody
everyone everything evidence exact example except excite exercise expect experience explain extent extra eye face
fact fail fair fall false family famous far fast father favour fear feed feel feeling feet fell felt few field fifty
fight figure fill filter find fine finger finish finished fire first fish fit five fix flat floor flow flower fly
follow food foot for force forest forget forgot form forward found four free fresh friend friendly from front fruit
full fun funny further future game gave general gentle get getting gift girl give given glad glass go goes going
gold gone good got govern grass great green grew ground group grow guess guest guide had hair half hall hand handle
hang happen happened happy hard has have having he head health hear heard heart heat heating heavy height held hello
help her here herself high hill him himself his history hold hole holiday home hope horse hot hour house how however
hundred hurry hurt husband ice idea if ill important in inch include increase indeed inform inside instead interest
into invite iron is island it item its itself job join journey judge jump just keep kept key kind king kitchen knew
know known land language large last late later laugh lay lead learn least leave led left leg length less lesson let
letter level lid lie life lift light like line list listen little live long longer look lost lot loud love low luck
machine made main make making man manner many map mark market matter may me meal mean measure meet member mend
mention message met metal method middle might mile milk mind mine minute miss mistake mix modern moment money month
monument moon more morning most mother mount mountain mouth move movement much music must my name narrow nation
nature near nearly necessary neck need needed neighbour neither never new news next nice night nine no nobody noise
none nor north not note nothing notice now number object ocean of off offer office often oil old on once one only
open opinion or other our out outside over own page paid pain paint pair paper parent part party pass past patent
path patient pattern pay payment peace people perfect perhaps period person photo picture piece place plain plan
plane plant plate play please point poor possible post pound power practice prefer present press pressed pretty
price print problem process produce production promise proper protect prove public pull pump push put quarter queen
question quick quiet quite race rain raise ran rather reach read ready real really reason receive received record
red reduce region regular remain remember remove repeat reply report request rest result return rice rich ride right
ring rise river road rock roll room root rope rough round row rule run safe said salt same sand save saw say scale
school science sea seat second secret see seed seem seen sell send sent sentence separate serious serve set settle
seven several shade shake shall shape share sharp she sheet shelf shine ship shirt shoe shop short should shoulder
shout show shut sick side sign signal silent silver similar simple since sing single sister sit size skin sky sleep
slip slow small smell smile smoke smooth snow so soap soft soil sold soldier some somebody someone something
sometimes son song soon sorry sort sound south space speak special speed spell spend spent spoke spoon spot spread
spring square staff stage stairs stand star start started state statement station stay steam step stick still stone
stood stop stopped store storm story straight strange stream street stretch strong student study such sudden sugar
suggest suit summer sun supply suppose sure surface surprise sweet swim switch system table take taken talk tall
taste taught teach team tell ten tent test than thank thanks that the their them then there these they thick thin
thing think third this those though thought thousand three through throw thus tie till time tiny tired to today
together told tomorrow tone tonight too took tool top total touch toward town track trade train travel treat
treatment tree trip trouble true trust try turn turned twelve twenty twice two type under understand until up upon
us use used useful usual valley value variety very view village visit voice wait walk wall want warm was wash waste
watch water wave way we wear weather week weight welcome well went were west wet what wheel when where whether which
while white who whole whose why wide wife wild will wind window wine winter wire wise wish with within without woman
wonder wood word work worked working world worry worse worst would write written wrong wrote year yellow yes
yesterday yet you young your yours yourself zero
"""
COMMON = tuple(COMMON_TEXT.split())
