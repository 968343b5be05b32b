class Router:
    """Letters are kept in the archive; what belongs elsewhere stands in every database."""

    def db_for_read(self, model, **hints):
        return "archive" if model.__name__ == "Letter" else None

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return None if app_label != "pgshelf" else db == "default"
