// The name that somebody works under, for the next visit of this browser: the server reads it as a page is opened.
const NAME_COOKIE = "workbench_reviewer"; // as in workbench/app/session.py
const YEAR_SECONDS = 31_536_000;

function rememberName(name) {
  try {
    document.cookie = `${NAME_COOKIE}=${encodeURIComponent(name)}; Max-Age=${YEAR_SECONDS}; Path=/; SameSite=Strict`;
  } catch {
    // A browser may refuse cookies; the name is then asked for at the next visit.
  }
}
