"""Files of NumPy, PyTorch and writers of images, which the program Witness reads; and what it writes, read by them.

    formats.py WITNESS ADJOINT

Arrays of every type, order and version; archives, sound and broken; safetensors of every type, also divided; images of every
colour type, depth, filter and interlacing, made here and, where Pillow is installed, by it; the log of a training that is
interrupted and resumed. The exit code is 1 when a number differs, or a broken file is not refused with its reason.
"""

import io
import itertools
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib

import numpy as np
import torch

random = np.random.default_rng(1)
# Name of a file, and what must come out: an array, a dictionary of them, or words of the error.
expected = {}


def numbers(kind, shape):
    """Random bits of a type; of floats, all kinds of numbers."""
    kind = np.dtype(kind)
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(kind)
    bits = random.integers(0, 256, (*shape, kind.itemsize), dtype=np.uint8)
    array = np.frombuffer(bits.tobytes(), kind).reshape(shape).copy()
    if kind.kind == "f" and array.size > 2:
        array.flat[:3] = [np.inf, -0.0, np.nan]
    return array


def arrays(folder):
    kinds = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
    shapes = [(), (3,), (2, 3), (2, 3, 4), (0, 3), (2, 1, 3, 2, 1, 2, 1, 2)]
    for kind, order, shape in itertools.product(kinds, "<>", shapes):
        array = numbers(order + kind if kind != "?" else kind, shape)
        for isFortran, version in itertools.product([False, True], [(1, 0), (2, 0), (3, 0)]):
            name = f"{kind if kind != '?' else 'b1'}{'be' if order == '>' else ''}-{len(shape)}-{len(expected)}.npy"
            with open(f"{folder}/{name}", "wb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                np.lib.format.write_array(file, np.asarray(array, order="F" if isFortran else "C"), version)
            expected[name] = array
    record = np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])
    odd = {
        "object": (np.array([{}, 1], dtype=object), "pickle"), "complex": (np.ones(2, complex), "complex numbers"),
        "text": (np.array(["a"]), "texts"), "bytes": (np.array([b"a"]), "texts"), "record": (record, "several fields"),
        "date": (np.array(["2020-01-01"], dtype="M8[D]"), "dates"), "long": (np.ones(2, np.longdouble), "extended"),
        "deep": (np.ones((1,) * 9), "at most 8 dimensions"),
    }
    for name, (array, words) in odd.items():
        np.save(f"{folder}/odd-{name}.npy", array)
        expected[f"odd-{name}.npy"] = words
    whole = io.BytesIO()
    np.save(whole, np.arange(6.0))
    whole = whole.getvalue()
    for count in range(0, len(whole), 9):
        keep(folder, f"cut-{count}.npy", whole[:count], "expected")
    keep(folder, "long.npy", whole + b"\0", "the end of the data")
    keep(folder, "huge.npy", whole.replace(b"(6,)", b"(2147483647, 2147483647, 2147483647)"), "63 bits")
    keep(folder, "lying.npy", whole.replace(b"(6,)", b"(2000000000,)"), "16000000000 bytes")


def keep(folder, name, content, result):
    with open(f"{folder}/{name}", "wb") as file:
        file.write(content)
    expected[name] = result


def archives(folder):
    some = {"a": np.arange(5.0), "b/c": numbers("<f4", (2, 3)), "größe": np.arange(3, dtype=">i2"), "e": np.zeros((0, 2))}
    some["f"] = np.asfortranarray(numbers("<i4", (3, 4)))
    np.savez(f"{folder}/stored.npz", **some)
    np.savez_compressed(f"{folder}/packed.npz", **some, zeros=np.zeros(100_000))
    expected["stored.npz"], expected["packed.npz"] = some, some | {"zeros": np.zeros(100_000)}
    np.savez(f"{folder}/mixed.npz", a=some["a"], odd=np.array([{}]), text=np.array(["x"]))
    expected["mixed.npz"] = {"a": some["a"]}
    torch.save({"w": torch.ones(2)}, f"{folder}/torch.npz")
    expected["torch.npz"] = "torch.save"

    packed = io.BytesIO()
    np.savez_compressed(packed, a=np.zeros(100_000))
    packed = packed.getvalue()
    listed = packed.index(b"PK\1\2")

    def patched(place, content):
        return packed[:place] + content + packed[place + len(content) :]

    size = struct.unpack_from("<I", packed, listed + 24)[0]
    keep(folder, "bomb.npz", patched(listed + 24, struct.pack("<I", 200)), "200 bytes of decompressed data, found more")
    keep(folder, "vast.npz", patched(listed + 24, struct.pack("<I", 2_000_000_000)), "a size that")
    keep(folder, "short.npz", patched(listed + 24, struct.pack("<I", size + 1)), f"{size + 1} bytes")
    keep(folder, "sum.npz", patched(listed + 16, b"\0\0\0\0"), "checksum")
    keep(folder, "encrypted.npz", patched(listed + 8, b"\1"), "not encrypted")
    keep(folder, "method.npz", patched(listed + 10, b"\x0c"), "bzip2")
    keep(folder, "zip64.npz", patched(listed + 24, b"\xff\xff\xff\xff"), "ZIP64")
    keep(folder, "deflate.npz", patched(60, b"\xff\xff\xff"), "damage")
    for count in range(0, len(packed), 41):
        keep(folder, f"cut-{count}.npz", packed[:count], "expected")
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("a.npy", b"1")
        file.writestr("a.npy", b"2")
    keep(folder, "twice.npz", twice.getvalue(), "once")
    keep(folder, "overlap.npz", twice.getvalue().replace(b"a.npy\x32", b"b.npy\x32"), "expected")
    with zipfile.ZipFile(f"{folder}/other.npz", "w") as file:
        file.writestr("readme.txt", b"1")
    expected["other.npz"] = "readme.txt"


KINDS = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.bool: "BOOL",
    torch.int8: "I8", torch.int16: "I16", torch.int32: "I32", torch.int64: "I64", torch.uint8: "U8", torch.uint16: "U16",
    torch.uint32: "U32", torch.uint64: "U64", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
    torch.complex64: "C64",
}


def safetensors(tensors):
    """A file of these tensors, by the description of the format."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        content = tensor.contiguous().view(torch.uint8).numpy().tobytes() if tensor.dim() else bytes(
            tensor.reshape(1).view(torch.uint8).numpy())
        header[name] = {
            "dtype": KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def read_safetensors(path):
    content = open(path, "rb").read()
    length = struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {name: kind for kind, name in KINDS.items()}
    return {
        name: torch.frombuffer(bytearray(content[8 + length + e["data_offsets"][0] : 8 + length + e["data_offsets"][1]]),
                               dtype=torch.uint8).view(kinds[e["dtype"]]).reshape(e["shape"])
        for name, e in header.items()
    }


def weights(folder):
    tensors = {}
    for kind, name in KINDS.items():
        bits = torch.from_numpy(random.integers(0, 2 if name == "BOOL" else 256, 6 * kind.itemsize, dtype=np.uint8))
        tensors[name] = bits.view(kind).reshape(2, 3)
    keep(folder, "all.safetensors", safetensors(tensors), tensors)
    shards = [{"a": torch.randn(2, 3), "b": torch.randn(3).half()}, {"c": torch.arange(4)}]
    for number, shard in enumerate(shards):
        keep(folder, f"model-{number}.safetensors", safetensors(shard), shard)
    places = {name: f"model-{number}.safetensors" for number, shard in enumerate(shards) for name in shard}

    def index(name, places, result):
        keep(folder, name, json.dumps({"metadata": {}, "weight_map": places}, indent=1).encode(), result)

    index("model.safetensors.index.json", places, shards[0] | shards[1])
    index("missing.json", places | {"d": "model-1.safetensors"}, "a tensor of this name")
    index("surplus.json", {"c": places["c"], "a": places["a"]}, "the name of every tensor")
    index("outside.json", {"a": "../a.safetensors"}, "beside the index")
    index("absent.json", {"a": "nowhere.safetensors"}, "a file, found none")
    index("circle.json", {"a": "circle.json"}, "of another kind")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def png(samples, kind, depth, isInterlaced, filters, more=b"", pieces=1):
    """An image by the specification: each row with one filter after the other."""
    height, width, channels = samples.shape
    step, data, number = max(1, depth * channels // 8), b"", 0
    for top, left, down, right in PASSES if isInterlaced else [(0, 0, 1, 1)]:
        part = samples[top::down, left::right]
        above = None
        for row in part if part.shape[1] else []:
            if depth == 16:
                line = row.astype(">u2").tobytes()
            else:
                bits = "".join(f"{value:0{depth}b}" for value in row.flat)
                bits += "0" * (-len(bits) % 8)
                line = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
            above = above or bytes(len(line))
            filter = filters[number % len(filters)]
            number += 1
            out = bytearray()
            for i, value in enumerate(line):
                a, b = line[i - step] if i >= step else 0, above[i]
                c = above[i - step] if i >= step else 0
                out.append((value - [0, a, b, (a + b) // 2, paeth(a, b, c)][filter]) % 256)
            data += bytes([filter]) + out
            above = line
    packed = zlib.compress(data, int(random.integers(10)))
    cuts = [len(packed) * i // pieces for i in range(pieces + 1)]
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, isInterlaced))
            + chunk(b"tEXt", b"Comment\0made here") + more
            + b"".join(chunk(b"IDAT", packed[a:b]) for a, b in zip(cuts, cuts[1:])) + chunk(b"IEND", b""))


def pictures(folder):
    kinds = {0: (1, [1, 2, 4, 8, 16]), 2: (3, [8, 16]), 3: (1, [1, 2, 4, 8]), 4: (2, [8, 16]), 6: (4, [8, 16])}
    for kind, (channels, depths) in kinds.items():
        for depth, isInterlaced, filters, (height, width), isClear in itertools.product(
                depths, [0, 1], [[0], [1], [2], [3], [4], [4, 3, 2, 1, 0]], [(1, 1), (5, 3), (9, 18)], [False, True]):
            if isClear and kind > 3:
                continue
            samples = random.integers(0, 1 << depth, (height, width, channels))
            more, most = b"", (1 << depth) - 1
            result = samples / most
            if kind == 3:
                palette = random.integers(0, 256, (1 << depth, 3))
                more = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
                result = palette[samples[..., 0]] / 255
                if isClear:
                    clear = random.integers(0, 256, (1 << depth) - 1)
                    more += chunk(b"tRNS", clear.astype(np.uint8).tobytes())
                    opacity = np.append(clear, 255)[samples[..., 0]] / 255
                    result = np.concatenate([result, opacity[..., None]], -1)
            elif isClear:
                more = chunk(b"tRNS", samples[-1, -1].astype(">u2").tobytes())
                opacity = 1.0 - (samples == samples[-1, -1]).all(-1)
                result = np.concatenate([result, opacity[..., None]], -1)
            pieces = int(random.integers(1, 4))
            keep(folder, f"made-{len(expected)}.png", png(samples, kind, depth, isInterlaced, filters, more, pieces), result)
    grey = random.integers(0, 256, (6, 5, 1))
    whole = png(grey, 0, 8, 0, [4, 1])
    for count in range(0, len(whole), 7):
        keep(folder, f"cut-{count}.png", whole[:count], "expected")
    for place in range(8, len(whole), 3):
        keep(folder, f"flip-{place}.png", whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :], "expected")
    head, rest = whole[:8], whole[33:]

    def header(*fields):
        return head + chunk(b"IHDR", struct.pack(">IIBBBBB", *fields)) + rest

    keep(folder, "huge.png", header(1 << 20, 1 << 20, 16, 6, 0, 0, 0), "compressed")
    keep(folder, "giant.png", header(1 << 31, 1, 8, 0, 0, 0, 0), "sides of")
    keep(folder, "wide.png", header(6, 6, 8, 0, 0, 0, 0), "decompressed data")
    keep(folder, "narrow.png", header(4, 6, 8, 0, 0, 0, 0), "decompressed data, found more")
    keep(folder, "depth.png", header(5, 6, 3, 0, 0, 0, 0), "a depth")
    keep(folder, "method.png", header(5, 6, 8, 0, 1, 0, 0), "compression 0")
    keep(folder, "nopalette.png", header(5, 6, 8, 3, 0, 0, 0), "a palette")
    keep(folder, "trailing.png", whole + b"\0", "1 more bytes")
    keep(folder, "critical.png", whole[:33] + chunk(b"CgBI", b"") + rest, "CgBI")
    try:
        from PIL import Image
    except ImportError:
        print("skipped: images written by Pillow (it is not installed)")
        return
    for mode, channels in {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "P": 3, "I;16": 1}.items():
        bits = random.integers(0, 256, (11, 13, 4), dtype=np.uint8)
        if mode == "I;16":
            image = Image.fromarray(random.integers(0, 1 << 16, (11, 13), dtype=np.uint16))
        else:
            image = Image.fromarray(bits[..., :3] if mode == "P" else bits).convert(mode)
        for isOptimized in [False, True]:
            name = f"pillow-{mode.replace(';', '')}-{isOptimized}.png"
            image.save(f"{folder}/{name}", optimize=isOptimized)
            pixels = np.asarray(image.convert("RGB") if mode == "P" else image).reshape(11, 13, channels)
            expected[name] = pixels / {"1": 1, "I;16": 65535}.get(mode, 255)


def same(ours, theirs):
    theirs = np.asarray(theirs)
    return ours.shape == theirs.shape and np.array_equal(ours, theirs.astype(np.float64), equal_nan=True)


def compare(folder, name, result):
    """A sentence when what was read is something else."""
    place = f"{folder}/read/{name}"
    error = open(f"{place}.error").read() if os.path.exists(f"{place}.error") else ""
    if isinstance(result, str):
        return None if result in error else f"expected '{result}', found '{error.strip() or 'no error'}'"
    if isinstance(result, dict):
        if not os.path.exists(f"{place}.npz"):
            return error
        ours = np.load(f"{place}.npz")
        readable = {k: x for k, x in result.items() if not k.startswith("F8") and k != "C64"}
        if set(ours.files) != set(readable):
            return f"other names: {ours.files}"
        values = {k: x.double().numpy() if isinstance(x, torch.Tensor) else x for k, x in readable.items()}
        wrong = [k for k, x in values.items() if not same(ours[k], x)]
        if name.endswith("safetensors"):
            back = read_safetensors(f"{place}.safetensors")
            wrong += [
                k for k, x in result.items()
                if back[k].dtype != x.dtype or not torch.equal(back[k].view(torch.uint8), x.view(torch.uint8))]
        return f"other numbers: {wrong}" if wrong else None
    if error:
        return error
    ours = np.load(f"{place}.npy")
    if not same(ours, result):
        return f"expected {result.flat[:6]}, found {ours.flat[:6]}"
    if name.endswith(".npy") and result.dtype.kind in "biu":
        fits = {"int": result.size == 0 or int(result.max()) < 1 << 63, "uint": result.size == 0 or int(result.min()) >= 0}
        for kind, isFit in fits.items():
            path = f"{place}.{kind}.npy"
            if isFit != os.path.exists(path) or isFit and not np.array_equal(np.load(path), result.astype(f"{kind}64")):
                return f"other integers, as {kind}64"
    return None


def written(folder):
    """Images that the library writes, by this decoder and by Pillow."""
    for name, shape, pixels in [
        ("grey", (16, 16), np.arange(256)), ("colour", (5, 7, 3), np.arange(105) * 37 % 256)]:
        path = f"{folder}/read/written-{name}.png"
        content, data, place = open(path, "rb").read(), b"", 8
        while place < len(content):
            length, kind = struct.unpack_from(">I4s", content, place)
            part = content[place + 8 : place + 8 + length]
            assert struct.unpack_from(">I", content, place + 8 + length)[0] == zlib.crc32(kind + part)
            data += part if kind == b"IDAT" else b""
            place += 12 + length
        rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape[0], -1)
        assert not rows[:, 0].any() and np.array_equal(rows[:, 1:].ravel(), pixels), name
        try:
            from PIL import Image
        except ImportError:
            continue
        assert np.array_equal(np.asarray(Image.open(path)).ravel(), pixels), name


def logs(folder, adjoint):
    """A training that is interrupted twice and resumed has each epoch once in its log, and the numbers of one that is not."""
    import pandas

    x = random.normal(size=(4000, 20))
    np.savez(f"{folder}/table.npz", x=x, y=(x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int))
    options = ["--data", f"{folder}/table.npz", "--epochs", "60", "--batch", "32", "--threads", "1"]

    def train(*words, seconds=None):
        process = subprocess.Popen([adjoint, "train", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if seconds:
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL if seconds > 0.45 else signal.SIGINT)
        return process.wait()

    for form, read in [("jsonl", lambda path: pandas.read_json(path, lines=True)), ("csv", pandas.read_csv)]:
        place = lambda name: f"{folder}/{name}.{form}"
        assert train(*options, "--log", place("whole")) == 0
        saved = f"{folder}/{form}.safetensors"
        train(*options, "--save", saved, "--log", place("parts"), seconds=0.4)
        train("--resume", saved, "--save", saved, *options, "--log", place("parts"), seconds=0.5)
        assert train("--resume", saved, "--save", saved, *options, "--log", place("parts")) == 0
        whole, parts = read(place("whole")), read(place("parts"))
        assert list(parts["epoch"]) == list(range(1, 61)), list(parts["epoch"])
        for column in ["step", "loss", "set", "setLoss", "setAccuracy", "learningRate"]:
            assert whole[column].equals(parts[column]), column
    print(f"logs: 60 epochs in {', '.join(whole.columns)}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        for make in (arrays, archives, weights, pictures):
            before = len(expected)
            make(folder)
            print(f"{make.__name__}: {len(expected) - before} files")
        subprocess.run([sys.argv[1], "formats", folder], check=True)
        wrong = {name: fault for name, result in expected.items() if (fault := compare(folder, name, result))}
        for name, fault in list(wrong.items())[:20]:
            print(f"{name}: {fault}")
        print(f"formats: {len(expected)} files, {len(wrong)} read otherwise than expected")
        written(folder)
        logs(folder, sys.argv[2])
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
