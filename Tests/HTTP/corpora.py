"""The public HTTP request corpora, as cases of name, bytes and the source's own verdict."""

import re
from pathlib import Path


def llhttp(root):
    """The fenced requests, unescaped as llhttp's own test does; `error` if its log has one."""
    for path in sorted((root / "llhttp" / "request").glob("*.md")):
        title, meta, count = "", "", {}
        blocks = re.finditer(
            r"^#+ (?P<title>[^\n]+)$|^<!-- meta=(?P<meta>[^\n]+) -->$|^```http\n(?P<http>.*?)^```$"
            r"|^```log\n(?P<log>.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
        request = None
        for block in blocks:
            if block["title"]:
                title = block["title"].replace("`", "")
            elif block["meta"]:
                meta = block["meta"]
            elif block["http"] is not None:
                request = unescaped(block["http"])
            elif request is not None:
                # In a lenient mode or a paused parser the log says what we would not do.
                is_plain = re.search(r'"type": ?"request"', meta) and "pause" not in meta
                # 5 is what follows `Connection: close`, and is not read; 22 is an upgrade.
                has_error = re.search(r"error code=(?!5 |22 )", block["log"])
                key = f"{path.name}: {title}"
                count[key] = count.get(key, 0) + 1
                yield (f"{key} #{count[key]}", request,
                       "refuse" if is_plain and has_error else "")
                request = None


def unescaped(text):
    text = text.removesuffix("\n")
    text = re.sub(r"\\\n", "", text)
    text = text.replace("\n", "\r\n")
    for escape, character in ((r"\r", "\r"), (r"\n", "\n"), (r"\t", "\t"), (r"\f", "\f")):
        text = text.replace(escape, character)
    text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-8" if any(ord(c) > 255 for c in text) else "latin-1")


def http_desync_guardian(root):
    """Requests made of their parts; `refuse` if the source calls them severe."""
    import yaml  # Debian: python3-yaml
    for path in sorted((root / "http-desync-guardian").glob("*.yaml")):
        count = {}
        for case in yaml.load(path.read_text(), Loader=yaml.BaseLoader):
            line = " ".join(part for part in (case.get("method", ""), case.get("uri", ""),
                                              case.get("version", "")) if part != "")
            fields = [f"{field.get('name', '')}: {field.get('value', '')}"
                      for field in case.get("headers") or []]
            text = "\r\n".join([line, *fields, "", ""])
            key = f"{path.name}: {case['name']}"
            count[key] = count.get(key, 0) + 1
            tier = case["expected"]["tier"]
            yield (f"{key} #{count[key]}", text.encode("latin-1", "replace"),
                   "refuse" if tier == "Severe" else "accept" if tier == "Compliant" else "")


def with_host(request):
    """The request with a Host field that is served, if it has none."""
    if re.search(rb"^host[ \t]*:", request, re.MULTILINE | re.IGNORECASE):
        return None
    line, separator, rest = request.partition(b"\r\n")
    return line + b"\r\nHost: localhost\r\n" + rest if separator and line else None


def finished(request):
    """The request with an end, for those that the corpus leaves open."""
    return request + b"\r\n\r\n"


def all_cases(root):
    root = Path(root)
    for source in (llhttp, http_desync_guardian):
        for name, request, verdict in source(root):
            yield source.__name__, name, request, verdict
