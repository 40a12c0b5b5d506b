"""Tars for contexts, made in memory."""
import io
import tarfile


def tar_of(files, tar_mode="w", **attributes):
    """A tar of {name: bytes, str, or TarInfo with a link}; attributes are those of every member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=tar_mode) as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o640
            info.mtime = 1_000_000_000
            for key, value in attributes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
