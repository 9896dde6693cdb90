"""Secrets that belong to a project: they stay in its file and are shown nowhere."""

from workbench.store.database import Database


class KeyStore:
    """Keys, each made once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pseudonym_key(self, fresh: str) -> str:
        """Return the key under which stand-ins of personal data are made; `fresh` becomes it where there is none."""
        with self._database.transaction() as transaction:
            known = transaction.value("SELECT key FROM pseudonym_keys")
            if known is None:
                transaction.execute("INSERT INTO pseudonym_keys VALUES ($key)", {"key": fresh})
        return fresh if known is None else str(known)
