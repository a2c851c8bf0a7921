"""originals.py - the files of community-1 with random weights, in every layout, made by hand.
SPDX-License-Identifier: MIT

Standard library only: checkpoints are zips of pickle opcodes, ONNX files protobuf bytes. Networks are
{name: (shape, bytes of little-endian floats)} with PyTorch's names."""

import io
import math
import random
import struct
import zipfile

GATES = 4 * 128
BLOCKS = (3, 4, 6, 3)


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def random_bytes(count, generator, low=-0.2, high=0.2):
    """count floats: a short random row repeated with another one, so that no two tensors are alike."""
    row = [generator.uniform(low, high) for _ in range(min(count, 4096) + 7)]
    data = floats(row)
    whole = data * (count * 4 // len(data) + 1)
    return whole[: 4 * count]


def tensors_of(shapes, seed):
    generator = random.Random(seed)
    made = {}
    for name, shape in shapes.items():
        low = 0.5 if name.endswith("running_var") else -0.2
        made[name] = (shape, random_bytes(math.prod(shape), generator, low, low + 1.0))
    return made


def segmentation_shapes():
    shapes = {"sincnet.wav_norm1d.weight": (1,), "sincnet.wav_norm1d.bias": (1,)}
    shapes["sincnet.conv1d.0.filterbank.low_hz_"] = (40, 1)
    shapes["sincnet.conv1d.0.filterbank.band_hz_"] = (40, 1)
    shapes["sincnet.conv1d.0.filterbank.window_"] = (125,)
    shapes["sincnet.conv1d.0.filterbank.n_"] = (1, 125)
    shapes |= {"sincnet.conv1d.1.weight": (60, 80, 5), "sincnet.conv1d.1.bias": (60,)}
    shapes |= {"sincnet.conv1d.2.weight": (60, 60, 5), "sincnet.conv1d.2.bias": (60,)}
    for i, channels in enumerate((80, 60, 60)):
        shapes |= {f"sincnet.norm1d.{i}.weight": (channels,), f"sincnet.norm1d.{i}.bias": (channels,)}
    for layer in range(4):
        for direction in ("", "_reverse"):
            end = f"_l{layer}{direction}"
            shapes["lstm.weight_ih" + end] = (GATES, 256 if layer else 60)
            shapes["lstm.weight_hh" + end] = (GATES, 128)
            shapes |= {"lstm.bias_ih" + end: (GATES,), "lstm.bias_hh" + end: (GATES,)}
    for name, rows, columns in (("linear.0", 128, 256), ("linear.1", 128, 128), ("classifier", 7, 128)):
        shapes |= {name + ".weight": (rows, columns), name + ".bias": (rows,)}
    return shapes


def segmentation(seed=1):
    """Random weights; the filter bank's constants are the real ones."""
    made = tensors_of(segmentation_shapes(), seed)
    bank = "sincnet.conv1d.0.filterbank."
    mel = [30 + 190 * i for i in range(41)]
    made[bank + "low_hz_"] = (40, 1), floats([float(f) for f in mel[:40]])
    made[bank + "band_hz_"] = (40, 1), floats([float(b - a) for a, b in zip(mel, mel[1:])])
    window = [0.54 - 0.46 * math.cos(2 * math.pi * i / 250) for i in range(125)]
    made[bank + "window_"] = (125,), floats(window)
    n = [2 * math.pi * (i - 125) / 16000 for i in range(125)]
    made[bank + "n_"] = (1, 125), floats(n)
    return made


def convolutions():
    """(convolution, its norm, shape) in the order in which they run; shortcuts after conv2."""
    yield "conv1", "bn1", (32, 1, 3, 3)
    for layer, blocks in enumerate(BLOCKS):
        channels = 32 << layer
        for block in range(blocks):
            at = f"layer{layer + 1}.{block}."
            wider = layer > 0 and block == 0
            inputs = channels // 2 if wider else channels
            yield at + "conv1", at + "bn1", (channels, inputs, 3, 3)
            yield at + "conv2", at + "bn2", (channels, channels, 3, 3)
            if wider:
                yield at + "shortcut.0", at + "shortcut.1", (channels, inputs, 1, 1)


def resnet34(seed=2):
    shapes = {}
    for conv, norm, shape in convolutions():
        shapes[conv + ".weight"] = shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{part}"] = (shape[0],)
    shapes |= {"seg_1.weight": (256, 5120), "seg_1.bias": (256,)}
    return tensors_of(shapes, seed)


# ---- checkpoints --------------------------------------------------------------------------------


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    data = value.to_bytes(8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def sequence(items, end):
    return b"(" + b"".join(items) + end


def class_of(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def call(function, *args):
    return function + sequence(args, b"t") + b"R"


def foreign(name, *args, state=b"N"):
    """An object of a class that nobody has here, with a state."""
    return class_of("pyannote.audio.core.task", name) + sequence(args, b"t") + b"\x81" + state + b"b"


def tensor(key, shape, strides=None, kind="FloatStorage", count=None, offset=0):
    strides = strides or [math.prod(shape[i + 1:]) for i in range(len(shape))]
    storage = sequence([text("storage"), class_of("torch", kind), text(key), text("cpu"),
                        number(count if count is not None else math.prod(shape))], b"t") + b"Q"
    return call(class_of("torch._utils", "_rebuild_tensor_v2"), storage, number(offset),
                sequence(map(number, shape), b"t"), sequence(map(number, strides), b"t"), b"\x89",
                call(class_of("collections", "OrderedDict")))


def zipped(pickle, storages, method=zipfile.ZIP_STORED, name="archive", **others):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name + "/data.pkl", pickle)
        for other, content in others.items():
            archive.writestr(f"{name}/{other}", content)
        for key, data in storages.items():
            archive.writestr(f"{name}/data/{key}", data)
    return file.getvalue()


def checkpoint(network, prefix="", nested=True, method=zipfile.ZIP_STORED, extra=()):
    """As Lightning writes it: the state_dict between foreign objects."""
    pairs, storages = [], {}
    for key, (name, (shape, data)) in enumerate(network.items()):
        storages[str(key)] = data
        pairs += [text(prefix + name), tensor(str(key), shape)]
    storages["count"] = struct.pack("<q", 7)
    pairs += [text(prefix + "bn1.num_batches_tracked"), tensor("count", (), kind="LongStorage")]
    for name, data in extra:
        storages["x" + name] = data
        pairs += [text(name), tensor("x" + name, (len(data) // 4,))]
    state = call(class_of("collections", "OrderedDict")) + b"q\x05" + sequence(pairs, b"u")
    if not nested:
        return zipped(b"\x80\x02" + state + b".", storages, method)
    problem = call(class_of("pyannote.audio.core.task", "Problem"), number(2))
    specifications = foreign("Specifications", state=b"}" + text("problem") + problem + b"s")
    version = class_of("torch.torch_version", "TorchVersion") + sequence([text("2.8")], b"t") + b"\x81"
    top = b"}" + sequence([
        text("epoch"), number(3), text("loss"), b"G" + struct.pack(">d", 0.25),
        text("hyper_parameters"), b"}" + text("optimizer") + b"N" + b"s",
        text("pyannote.audio"), b"}" + sequence([text("versions"), version,
                                                 text("specifications"), specifications], b"u"),
        text("callbacks"), call(class_of("os", "system"), text("touch owned")),
        text("state_dict"), state], b"u")
    return zipped(b"\x80\x02" + top + b".", storages, method, byteorder=b"little", version=b"3\n")


# ---- ONNX ---------------------------------------------------------------------------------------


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(key, value):
    """A number or bytes."""
    if isinstance(value, int):
        return varint(key << 3) + varint(value)
    return varint(key << 3 | 2) + varint(len(value)) + value


def onnx_tensor(name, shape, data, how="raw", place=None):
    """how: raw, typed (float_data), external (place: file, offset)."""
    message = b"".join(field(1, size) for size in shape) + field(2, 1) + field(8, name.encode())
    if how == "raw":
        return message + field(9, data)
    if how == "typed":
        return message + field(4, data)
    entries = {"location": place[0], "offset": str(place[1]), "length": str(len(data))}
    return message + field(14, 1) + b"".join(
        field(13, field(1, key.encode()) + field(2, value.encode())) for key, value in entries.items())


def attribute(name, value):
    message = field(1, name.encode())
    if isinstance(value, float):
        return message + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    if isinstance(value, int):
        return message + field(3, value) + field(20, 2)
    if isinstance(value, list):
        return message + b"".join(field(8, item) for item in value) + field(20, 7)
    kind, data = value  # ("t", a tensor), ("g", a graph) or ("s", bytes)
    return message + field({"t": 5, "g": 6, "s": 4}[kind], data) + field(20, {"t": 4, "g": 5, "s": 3}[kind])


def node(op, inputs, outputs, **attributes):
    message = b"".join(field(1, name.encode()) for name in inputs)
    message += b"".join(field(2, name.encode()) for name in outputs) + field(4, op.encode())
    return message + b"".join(field(5, attribute(k, v)) for k, v in attributes.items())


class Graph:
    """Nodes and initializers; with anonymous names as an exporter that merges layers gives them.
    how: as in onnx_tensor; "shared": external, every tensor at the start of the other file."""

    def __init__(self, anonymous=False, how="raw"):
        self.nodes, self.initializers, self.external = [], [], b""
        self.anonymous, self.how, self.count = anonymous, how, 0

    def constant(self, name, shape, data):
        if self.anonymous:
            self.count += 1
            name = f"onnx::Weight_{self.count}"
        place = ("weights.data", len(self.external))
        if self.how == "external":
            self.external += data
        how = "external" if self.how == "shared" else self.how  # all at the same place
        self.initializers.append(onnx_tensor(name, shape, data, how, place))
        return name

    def add(self, op, inputs, num_outputs=1, **attributes):
        self.count += 1
        outputs = [f"{op}_{self.count}_{k}" for k in range(num_outputs)]
        self.nodes.append(node(op, inputs, outputs, **attributes))
        return outputs[0]

    def graph(self):
        return b"".join(field(1, n) for n in self.nodes) + field(2, b"main") + b"".join(
            field(5, i) for i in self.initializers)

    def model(self):
        return field(1, 8) + field(2, b"pytorch") + field(7, self.graph()) + field(
            8, field(1, b"") + field(2, 17))


def transposed(shape, data):
    rows, columns = shape
    row = [data[4 * columns * r: 4 * columns * (r + 1)] for r in range(rows)]
    return (columns, rows), b"".join(r[4 * c: 4 * c + 4] for c in range(columns) for r in row)


def onnx_gates(data):
    """From i f g o to i o f g."""
    part = len(data) // 4
    i, f, g, o = (data[k * part: (k + 1) * part] for k in range(4))
    return i + o + f + g


def segmentation_onnx(network, filters, anonymous=True, gemm=False, how="raw"):
    """filters: the bytes of the 80 x 251 bank, as the exporter computes it; None: left in the graph as
    a computation from parameters that keep their names."""
    g = Graph(anonymous, how)

    def pair(op, x, name, *more):
        weights = [g.constant(f"{name}.{part}", *network[f"{name}.{part}"]) for part in ("weight", "bias")]
        return g.add(op, [x, *weights, *more])

    x = pair("InstanceNormalization", "waveform", "sincnet.wav_norm1d")
    if filters is None:
        for part in ("low_hz_", "band_hz_", "window_", "n_"):
            name = "sincnet.conv1d.0.filterbank." + part
            g.initializers.append(onnx_tensor(name, *network[name]))
        bank = g.add("MatMul", ["sincnet.conv1d.0.filterbank.low_hz_", "sincnet.conv1d.0.filterbank.n_"])
    else:
        bank = g.constant("/sincnet/conv1d.0/Concat_2_output_0", (80, 1, 251), filters)
    branch = field(1, node("Conv", [x, bank], ["then"])), field(1, node("Conv", [x, bank], ["else"]))
    x = g.add("If", ["is_flat"], then_branch=("g", branch[0]), else_branch=("g", branch[1]))
    x = pair("InstanceNormalization", g.add("MaxPool", [g.add("Abs", [x])]), "sincnet.norm1d.0")
    for i in (1, 2):
        x = pair("Conv", g.add("LeakyRelu", [x], alpha=0.01), f"sincnet.conv1d.{i}")
        x = pair("InstanceNormalization", g.add("MaxPool", [x]), f"sincnet.norm1d.{i}")
    x = g.add("Transpose", [x], perm=[2, 0, 1])
    for layer in range(4):
        parts = {}
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            both = [network[f"lstm.{kind}_l{layer}{end}"] for end in ("", "_reverse")]
            parts[kind] = both[0][0], [onnx_gates(data) for _, data in both]
        w = g.constant(f"W{layer}", (2, *parts["weight_ih"][0]), b"".join(parts["weight_ih"][1]))
        r = g.constant(f"R{layer}", (2, *parts["weight_hh"][0]), b"".join(parts["weight_hh"][1]))
        b = g.constant(f"B{layer}", (2, 2 * GATES), b"".join(
            i + h for i, h in zip(parts["bias_ih"][1], parts["bias_hh"][1])))
        x = g.add("LSTM", [x, w, r, b, "", "h0", "c0"], 3, direction=("s", b"bidirectional"),
                  hidden_size=128)
    for name in ("linear.0", "linear.1", "classifier"):
        shape, data = network[name + ".weight"]
        bias = g.constant(name + ".bias", *network[name + ".bias"])
        if gemm:
            x = g.add("Gemm", [x, g.constant(name + ".weight", shape, data), bias], transB=1)
        else:
            weight = g.constant(name + ".turned", *transposed(shape, data))
            x = g.add("Add", [bias, g.add("MatMul", [x, weight])])
        x = g.add("LeakyRelu", [x], alpha=0.01)
    g.add("LogSoftmax", [x], axis=2)
    return g.model()


def resnet34_onnx(network, folded=None, anonymous=False, how="raw", mean=None):
    """folded: {convolution: bias}, where the batch norms were folded away. Returns (file, external)."""
    g = Graph(anonymous, how)
    norms = {conv: norm for conv, norm, _ in convolutions()}

    def convolve(x, name, stride=1):
        shape, data = network[name + ".weight"]
        weights = [g.constant(name + ".weight", shape, data)]
        if folded:
            weights.append(g.constant(name + ".bias", (shape[0],), folded[name]))
        side = shape[-1]
        x = g.add("Conv", [x, *weights], kernel_shape=[side, side], strides=[stride, stride])
        if folded:
            return x
        parts = [g.constant(f"{norms[name]}.{part}", *network[f"{norms[name]}.{part}"])
                 for part in ("weight", "bias", "running_mean", "running_var")]
        # Exporters keep one of equal initializers and copy it by Identity.
        parts[1] = g.add("Identity", [parts[1]])
        return g.add("BatchNormalization", [x, *parts], epsilon=1e-5, momentum=0.9)

    x = g.add("Unsqueeze", [g.add("Transpose", ["feats"], perm=[0, 2, 1])])
    x = g.add("Relu", [convolve(x, "conv1")])
    for layer, blocks in enumerate(BLOCKS):
        for block in range(blocks):
            at, short = f"layer{layer + 1}.{block}.", x
            wider = layer > 0 and block == 0
            if wider and anonymous:  # either order is right
                short = convolve(x, at + "shortcut.0", 2)
            y = g.add("Relu", [convolve(x, at + "conv1", 2 if wider else 1)])
            y = convolve(y, at + "conv2")
            if wider and not anonymous:
                short = convolve(x, at + "shortcut.0", 2)
            x = g.add("Relu", [g.add("Add", [short, y] if anonymous else [y, short])])
    x = g.add("Concat", [g.add("ReduceMean", [x]), g.add("Sqrt", [x])], axis=1)
    shape, data = network["seg_1.weight"]
    bias = g.constant("seg_1.bias", *network["seg_1.bias"])
    if anonymous:
        x = g.add("Add", [g.add("MatMul", [x, g.constant("w", *transposed(shape, data))]), bias])
    else:
        x = g.add("Gemm", [x, g.constant("seg_1.weight", shape, data), bias], alpha=1.0, transB=1)
    if mean is not None:
        value = g.add("Constant", [], value=("t", onnx_tensor("", (256,), mean)))
        g.add("Sub", [x, value])
    return g.model(), g.external


# ---- NumPy --------------------------------------------------------------------------------------


def npy(shape, data, descr="<f8", fortran=False, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}".encode()
    size = 10 if version == 1 else 12
    header += b" " * (-(size + len(header) + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npz(arrays, method=zipfile.ZIP_STORED):
    """arrays: {name: bytes of an .npy}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in arrays.items():
            archive.writestr(name + ".npy", data)
    return file.getvalue()


def plda(seed=3):
    """{file: {name: (shape, values)}}"""
    generator = random.Random(seed)

    def values(*shape):
        return shape, [generator.gauss(0, 1) for _ in range(math.prod(shape))]

    return {"plda.npz": {"mu": values(128), "tr": values(128, 128), "psi": values(128)},
            "xvec_transform.npz": {"mean1": values(256), "lda": values(256, 128), "mean2": values(128)}}


def plda_file(arrays, method=zipfile.ZIP_STORED):
    return npz({name: npy(shape, struct.pack(f"<{len(v)}d", *v)) for name, (shape, v) in arrays.items()},
               method)
