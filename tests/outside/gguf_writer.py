"""Writes GGUF files, for the judges' models. Shares no code with the engine's reader or the package `gguf`.

write_gguf() takes keys and tensors in the order in which the file shall have them, so that a test can copy the order of a
file that someone else wrote. Data comes as bytes, or as a function that writes it, so that a file can be larger than memory.
"""
import struct

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
LAYOUTS = {UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}
TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 8, "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "BF16": 30,
         "TQ1_0": 34, "TQ2_0": 35, "I2_S": 36, "Q1_0": 41, "Q2_0": 42}
# Weights and bytes of a block. An I2_S tensor has besides 32 bytes behind its blocks, which begin with its scale.
BLOCKS = {"F32": (1, 4), "F16": (1, 2), "BF16": (1, 2), "Q4_0": (32, 18), "Q8_0": (32, 34), "Q4_K": (256, 144),
          "Q5_K": (256, 176), "Q6_K": (256, 210), "TQ1_0": (256, 54), "TQ2_0": (256, 66), "I2_S": (128, 32),
          "Q1_0": (128, 18), "Q2_0": (64, 18)}
ALIGNMENT = 32


class Tensor:
    """`dims` as GGUF has them: the row length first. `data`: bytes, or a function that takes the open file."""

    def __init__(self, name, kind, dims, data):
        self.name, self.kind, self.dims, self.data = name, kind, dims, data
        weights, size = BLOCKS[kind]
        count = 1
        for dim in dims:
            count *= dim
        assert dims[0] % weights == 0, (name, kind, dims)
        self.size = count // weights * size + (32 if kind == "I2_S" else 0)


def _string(text):
    encoded = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _value(kind, value):
    if kind == STRING:
        return _string(value)
    return struct.pack(LAYOUTS[kind], value)


def _key(name, kind, value):
    """kind is a type, or (ARRAY, type of the items)."""
    head = _string(name)
    if isinstance(kind, tuple):
        items = b"".join(_value(kind[1], item) for item in value)
        return head + struct.pack("<IIQ", ARRAY, kind[1], len(value)) + items
    return head + struct.pack("<I", kind) + _value(kind, value)


def _pad(size):
    return -size % ALIGNMENT


def write_gguf(path, keys, tensors):
    """keys: (name, kind, value) each."""
    with open(path, "wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(keys)))
        for key in keys:
            file.write(_key(*key))
        offset = 0
        for tensor in tensors:
            file.write(_string(tensor.name) + struct.pack("<I%dQ" % len(tensor.dims), len(tensor.dims), *tensor.dims))
            file.write(struct.pack("<IQ", TYPES[tensor.kind], offset))
            offset += tensor.size + _pad(tensor.size)
        file.write(bytes(_pad(file.tell())))
        for tensor in tensors:
            start = file.tell()
            if callable(tensor.data):
                tensor.data(file)
            else:
                file.write(tensor.data)
            assert file.tell() - start == tensor.size, (tensor.name, tensor.kind, file.tell() - start, tensor.size)
            file.write(bytes(_pad(tensor.size)))
