"""Recorded results: one JSON file for each case, in the order and form in which people read them best."""
import json


def path_of(directory, name):
    return directory / "recorded" / f"{name}.json"


def read(directory, name):
    """The recorded result; None: there is none."""
    path = path_of(directory, name)
    return json.loads(path.read_text()) if path.exists() else None


def write(directory, name, value):
    path = path_of(directory, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
