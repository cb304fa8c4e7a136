"""How values travel between the check and the learner's process: JSON and ``.npy``, no pickle.

A message is a ZIP archive: ``content.json`` and one ``.npy`` member for every array in it. What
learners naturally return is taken as what it means: a NumPy number is a number, a tuple is a list,
a set is a sorted list, a dataclass is a dict, a sparse matrix is an array.

>>> unpack(pack({"shape": (2, 3), "seen": {"b", "a"}}))
{'shape': [2, 3], 'seen': ['a', 'b']}
"""

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

_TAG: Final = "$"
# Element kinds that a .npy member holds without pickle.
_PLAIN_KINDS: Final = "biufcmMSU"


def pack(value: object) -> bytes:
    """Turn a value into a message.

    Parameters
    ----------
    value
        None, bool, int, float, str, date, datetime; lists, tuples, sets, dicts and dataclasses of
        them; NumPy arrays and numbers; pandas DataFrames, Series and indexes.

    Raises
    ------
    TypeError
        When it holds anything else; the message names the type.
    """
    packer = _Packer()
    content = json.dumps(packer.encode(value))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("content.json", content)
        for place, array in enumerate(packer.arrays):
            archive.writestr(f"{place}.npy", array)
    return body.getvalue()


def unpack(message: bytes) -> Any:  # noqa: ANN401 - whatever was packed
    """Return the value that a message holds; nothing in a message is ever executed."""
    with zipfile.ZipFile(io.BytesIO(message)) as archive:
        content = json.loads(archive.read("content.json"))
        return _Unpacker(archive).decode(content)


class _Packer:
    def __init__(self) -> None:
        self.arrays: list[bytes] = []

    def encode(self, value: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - one line for each kind
        if value is None or isinstance(value, bool):
            return value
        for kind in (int, float, str):
            if isinstance(value, kind):
                return kind(value)
        if isinstance(value, Mapping):
            return self._encode_mapping(value)
        if isinstance(value, list | tuple):
            return [self.encode(each) for each in value]
        if isinstance(value, set | frozenset):
            return [self.encode(each) for each in _sort(value)]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return self._encode_mapping({each.name: getattr(value, each.name) for each in fields})
        library = type(value).__module__.partition(".")[0]
        if library == "pandas":
            return self._encode_pandas(value)
        if library == "numpy":
            return self._encode_numpy(value)
        if hasattr(value, "toarray"):
            return self._encode_numpy(value.toarray())
        if isinstance(value, date):
            kind_of_day = "datetime" if isinstance(value, datetime) else "date"
            return {_TAG: kind_of_day, "iso": value.isoformat()}
        raise TypeError(f"the function returned a {type(value).__name__}, which is not plain data")

    def _encode_mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        if all(isinstance(key, str) and key != _TAG for key in value):
            return {str(key): self.encode(each) for key, each in value.items()}
        items = [[self.encode(key), self.encode(each)] for key, each in value.items()]
        return {_TAG: "dict", "items": items}

    def _encode_numpy(self, value: Any) -> Any:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415 - only where the value is NumPy's already

        if isinstance(value, np.bool | np.integer | np.floating):
            return value.item()
        array = np.asarray(value)
        if array.dtype.kind in _PLAIN_KINDS:
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            self.arrays.append(member.getvalue())
            kind = "scalar" if isinstance(value, np.generic) else "array"
            return {_TAG: kind, "at": len(self.arrays) - 1}
        items = [self.encode(each) for each in array.astype(object).ravel()]
        return {_TAG: "objects", "shape": list(array.shape), "items": items}

    def _encode_pandas(self, value: Any) -> Any:  # noqa: ANN401
        import pandas as pd  # noqa: PLC0415 - only where the value is pandas' already

        if value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, pd.DataFrame):
            columns = [self._encode_column(value.iloc[:, at]) for at in range(value.shape[1])]
            names, index = self._encode_index(value.columns), self._encode_index(value.index)
            return {_TAG: "frame", "names": names, "index": index, "columns": columns}
        if isinstance(value, pd.Series):
            index, name = self._encode_index(value.index), self.encode(value.name)
            return {_TAG: "series", "column": self._encode_column(value), "index": index} | {
                "name": name
            }
        if isinstance(value, pd.Index):
            return {_TAG: "index", "index": self._encode_index(value)}
        if isinstance(value, pd.Timestamp):
            return {_TAG: "datetime", "iso": value.isoformat()}
        if isinstance(value, pd.api.extensions.ExtensionArray):
            return self._encode_pandas(pd.Series(value))
        raise TypeError(f"the function returned a {type(value).__name__}, which is not plain data")

    def _encode_index(self, index: Any) -> dict[str, Any]:  # noqa: ANN401
        import pandas as pd  # noqa: PLC0415

        names = [self.encode(name) for name in index.names]
        if isinstance(index, pd.MultiIndex):
            levels = [self._encode_column(index.get_level_values(at)) for at in range(len(names))]
            return {"names": names, "levels": levels}
        if isinstance(index, pd.RangeIndex):
            return {"names": names, "range": [index.start, index.stop, index.step]}
        return {"names": names, "levels": [self._encode_column(index)]}

    def _encode_column(self, values: Any) -> dict[str, Any]:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415

        dtype = values.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN_KINDS:
            return {"array": self._encode_numpy(values.to_numpy())}
        if isinstance(dtype, pd.CategoricalDtype):
            codes = values.cat.codes if isinstance(values, pd.Series) else values.codes
            levels = self._encode_column(dtype.categories)
            ordered = bool(dtype.ordered)
            return {"codes": self._encode_numpy(np.asarray(codes)), "of": levels} | {
                "ordered": ordered
            }
        is_object = str(dtype) == "object"
        items = [None if not is_object and pd.isna(each) else each for each in values]
        return {"dtype": str(dtype), "items": [self.encode(each) for each in items]}


class _Unpacker:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def decode(self, content: Any) -> Any:  # noqa: ANN401
        if isinstance(content, list):
            return [self.decode(each) for each in content]
        if not isinstance(content, dict):
            return content
        if _TAG not in content:
            return {key: self.decode(each) for key, each in content.items()}
        return self._decode_tagged(content[_TAG], content)

    def _decode_tagged(self, tag: str, content: dict[str, Any]) -> Any:  # noqa: ANN401, PLR0911
        match tag:
            case "dict":
                return {self.decode(key): self.decode(each) for key, each in content["items"]}
            case "datetime":
                return datetime.fromisoformat(content["iso"])
            case "date":
                return date.fromisoformat(content["iso"])
            case "array":
                return self._read_array(content)
            case "scalar":
                return self._read_array(content)[()]
            case "objects":
                return self._decode_objects(content)
            case _:
                return self._decode_pandas(tag, content)

    def _read_array(self, content: dict[str, Any]) -> Any:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415 - only for messages that hold arrays

        member = io.BytesIO(self._archive.read(f"{content['at']}.npy"))
        return np.lib.format.read_array(member, allow_pickle=False)

    def _decode_objects(self, content: dict[str, Any]) -> Any:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415

        flat = np.empty(len(content["items"]), dtype=object)
        for place, each in enumerate(content["items"]):
            flat[place] = self.decode(each)
        return flat.reshape(content["shape"])

    def _decode_pandas(self, tag: str, content: dict[str, Any]) -> Any:  # noqa: ANN401
        import pandas as pd  # noqa: PLC0415 - only for messages that hold frames

        index = self._decode_index(content["index"])
        if tag == "index":
            return index
        if tag == "series":
            column = self._decode_column(content["column"])
            return pd.Series(column, index=index, name=_as_name(self.decode(content["name"])))
        columns = dict(enumerate(self._decode_column(each) for each in content["columns"]))
        frame = pd.DataFrame(columns, index=index)
        frame.columns = self._decode_index(content["names"])
        return frame

    def _decode_index(self, content: dict[str, Any]) -> Any:  # noqa: ANN401
        import pandas as pd  # noqa: PLC0415

        names = [_as_name(self.decode(name)) for name in content["names"]]
        if "range" in content:
            return pd.RangeIndex(*content["range"], name=names[0])
        levels = [self._decode_column(each) for each in content["levels"]]
        if len(levels) == 1:
            return pd.Index(levels[0], name=names[0])
        return pd.MultiIndex.from_arrays(levels, names=names)

    def _decode_column(self, content: dict[str, Any]) -> Any:  # noqa: ANN401
        import pandas as pd  # noqa: PLC0415

        if "array" in content:
            return self._read_array(content["array"])
        if "codes" in content:
            codes, levels = self._read_array(content["codes"]), self._decode_column(content["of"])
            return pd.Categorical.from_codes(codes, levels, ordered=content["ordered"])
        items = [self.decode(each) for each in content["items"]]
        if content["dtype"] == "object":
            return self._decode_objects({"items": content["items"], "shape": [len(items)]})
        return pd.array(items, dtype=content["dtype"])


def _as_name(name: Any) -> Any:  # noqa: ANN401
    # pandas wants names that can be keys.
    return tuple(name) if isinstance(name, list) else name


def _sort(values: Any) -> list[Any]:  # noqa: ANN401
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda each: (type(each).__name__, repr(each)))
