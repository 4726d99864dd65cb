import Adjoint
import AdjointFiles
import AdjointLearning

/// Functions that move elements: other shapes, other places, parts, and several made one.
extension OpInfoTable {
  static var shaping: [OpInfoEntry] {
    func reshaped(_ name: String) -> OpInfoEntry {
      own(name) { try $0.x.reshape(to: $0.x.shape.filled($0.ints(1, "shape"))) }
    }
    func transposed(_ name: String) -> OpInfoEntry {
      own(name) { try $0.x.shape.rank < 2 ? $0.x : $0.x.transpose() }
    }
    return [
      reshaped("reshape"), reshaped("view"), reshaped("view_copy"), transposed("t"), transposed("T"),
      transposed("mT"), transposed("t_copy"),
      own("reshape_as") { try $0.x.reshape(to: $0.tensor(1, "other").shape) },
      own("view_as") { try $0.x.reshape(to: $0.tensor(1, "other").shape) },
      own("unflatten") { call in
        let (x, sizes) = (try call.x, try call.list(2, "sizes"))
        guard let axis = try call.axis() else { throw OpInfoCall.LeftOut("a single number") }
        let part = Shape([x.shape[axis]]).filled(sizes)
        return x.reshape(to: Shape(Array(x.shape[..<axis]) + Array(part) + Array(x.shape[(axis + 1)...])))
      },
      own("ravel") { try $0.x.flatten(from: 0) },
      own("flatten") { try $0.x.flatten(from: $0.int(1, "start_dim", 0), through: $0.int(2, "end_dim", -1)) },
      own("permute") { try $0.x.permute($0.ints(1, "dims")) },
      own("transpose") { call in
        let (x, a, b) = (try call.x, try call.int(1, "dim0"), try call.int(2, "dim1"))
        return x.shape.rank == 0 ? x : x.transpose(a, b)
      },
      own("movedim") { call in
        let (x, from, to) = (try call.x, try call.list(1, "source"), try call.list(2, "destination"))
        if from.count == 1 { return x.moveAxis(from: from[0], to: to[0]) }
        let places = { (list: [Int]) in list.map { $0 < 0 ? $0 + x.shape.rank : $0 } }
        var order = x.shape.indices.filter { !places(from).contains($0) }
        for (axis, place) in zip(places(from), places(to)).sorted(by: { $0.1 < $1.1 }) {
          order.insert(axis, at: place)
        }
        return x.permute(order)
      },
      own("unsqueeze") { try $0.x.unsqueeze(axis: $0.int(1, "dim")) },
      own("squeeze") { call in
        let x = try call.x
        guard let axis = try call.optionalInt(1, "dim") else { return x.squeeze() }
        return x.shape.rank == 0 || x.shape[axis < 0 ? axis + x.shape.rank : axis] != 1 ? x : x.squeeze(axis: axis)
      },
      made("squeeze multiple") { call in
        let x = try call.x
        let axes = try call.list(1, "dim").map { x.shape.rank == 0 ? 0 : ($0 + x.shape.rank) % x.shape.rank }
        return axes.sorted(by: >).reduce(x) { $0.shape.rank > $1 && $0.shape[$1] == 1 ? $0.squeeze(axis: $1) : $0 }
      },
      own("expand") { call in
        let (x, sizes) = (try call.x, try call.ints(1, "sizes"))
        let missing = sizes.count - x.shape.rank
        return x.broadcast(to: Shape(sizes.enumerated().map { $1 < 0 ? x.shape[$0 - missing] : $1 }))
      },
      own("broadcast_to") { try $0.x.broadcast(to: Shape($0.ints(1, "size"))) },
      own("expand_as") { try $0.x.broadcast(to: $0.tensor(1, "other").shape) },
      own("flip") { try $0.x.flip(axes: $0.list(1, "dims")) },
      own("fliplr") { try $0.x.flip(axis: 1) },
      own("flipud") { try $0.x.flip(axis: 0) },
      own("roll") { call in
        let (x, counts) = (try call.x, try call.list(1, "shifts"))
        guard let axes = call.optionalList(2, "dims") else {
          return call.composed { x.flatten(from: 0).roll(by: counts[0]).reshape(to: x.shape) }
        }
        if counts.count > 1 { _ = call.composed() }
        return zip(counts, axes).reduce(x) { $0.roll(by: $1.0, axis: $1.1) }
      },
      made("rot90") { call in
        let (x, count) = (try call.x, try call.int(1, "k", 1))
        let axes = call.optionalList(2, "dims") ?? [0, 1]
        return (0..<((count % 4) + 4) % 4).reduce(x) { y, _ in y.transpose(axes[0], axes[1]).flip(axis: axes[0]) }
      },
    ]
  }

  // MARK: Parts

  static var parts: [OpInfoEntry] {
    func list(_ name: String, _ call: @escaping (OpInfoCall) throws -> [Value]) -> OpInfoEntry {
      OpInfoEntry(name: name, isOwn: true, call: call)
    }
    func splits(_ name: String, _ argument: String) -> OpInfoEntry {
      list(name) { call in
        let (x, sizes, axis) = (try call.x, try call.list(1, argument), try call.int(2, "dim", 0))
        return call.isList(1) ? x.split(sizes: sizes, axis: axis) : x.split(every: sizes[0], axis: axis)
      }
    }
    return [
      own("narrow") {
        let (x, length, start) = (try $0.x, try $0.int(3, "length"), try $0.int(2, "start"))
        guard let axis = try $0.axis() else { throw OpInfoCall.LeftOut("a single number has no part") }
        let first = start < 0 ? start + x.shape[axis] : start
        return x[first..<first + length, axis: axis]
      },
      own("select") { call in
        guard let axis = try call.axis() else { throw OpInfoCall.LeftOut("a single number has no part") }
        return try call.x[call.int(2, "index"), axis: axis]
      },
      own("slice") { call in
        guard let axis = try call.axis(1, "dim", usual: 0) else { throw OpInfoCall.LeftOut("a single number") }
        let (start, end) = (try call.int(2, "start", 0), try call.optionalInt(3, "end"))
        return try call.x[.from(start, to: end, by: call.int(4, "step", 1)), axis: axis]
      },
      own("__getitem__") { call in
        let (x, items) = (try call.x, call.raw(1, "index") ?? [])
        let indices = items.indices.filter { items[$0]["tensor"] != nil }
        if indices.count == 1, let place = items[indices[0]]["tensor"]?.integer, let index = call.tensor(at: place) {
          let isWhole = items.indices.allSatisfy {
            $0 == indices[0] || items[$0] == .object([("slice", .array([.null, .null, .null]))])
          }
          guard index.holdsIndices, isWhole else { throw OpInfoCall.LeftOut("lists of positions") }
          let axis = indices[0]
          if axis == 0 { return x.gather(index) }
          return call.composed { x.moveAxis(from: axis, to: 0).gather(index).moveAxis(from: 0, to: axis) }
        }
        let positions = try items.map { try position($0) }
        switch positions.count {
        case 1: return x[positions[0]]
        case 2: return x[positions[0], positions[1]]
        case 3: return x[positions[0], positions[1], positions[2]]
        case let count: throw OpInfoCall.LeftOut("\(count) positions")
        }
      },
      list("unbind") { try $0.x.unstack(axis: $0.int(1, "dim", 0)) },
      splits("split", "split_size"), splits("split list_args", "split_size"),
      splits("split_with_sizes", "split_sizes"), splits("unsafe_split", "split_size"),
      list("chunk") { try $0.x.chunk($0.int(1, "chunks"), axis: $0.int(2, "dim", 0)) },
      list("unsafe_chunk") { try $0.x.chunk($0.int(1, "chunks"), axis: $0.int(2, "dim", 0)) },
      own("index_select") { call in
        let (x, axis) = (try call.x, try call.axis(1, "dim"))
        let places = try call.index(2, "index") { [$0.elementCount] }
        guard let axis else { return x.reshape(to: [1]).gather(places).reshape(to: []) }
        if axis == 0 { return x.gather(places) }
        return call.composed { x.moveAxis(from: axis, to: 0).gather(places).moveAxis(from: 0, to: axis) }
      },
      own("gather") { call in
        let (x, index) = (try call.x, try call.index(2, "index"))
        guard let axis = try call.axis(1, "dim") else {
          let places = try call.index(2, "index") { [$0.elementCount] }
          return x.reshape(to: [1]).gather(places, axis: 0).reshape(to: index.shape)
        }
        guard index.shape.rank == x.shape.rank else { throw OpInfoCall.LeftOut("an empty index of another rank") }
        let size = Shape(x.shape.indices.map { $0 == axis ? x.shape[$0] : index.shape[$0] })
        let part = size == x.shape ? x : call.composed { x.slice(start: x.shape.map { _ in 0 }, size: size) }
        return part.gather(index, axis: axis)
      },
      own("take_along_dim") { call in
        let (x, index) = (try call.x, try call.index(1, "indices"))
        guard let axis = try call.optionalInt(2, "dim") else {
          let places = try call.index(1, "indices") { [$0.elementCount] }
          return call.composed { x.flatten(from: 0).gather(places, axis: 0) }
        }
        guard x.shape.indices.allSatisfy({ $0 == axis || x.shape[$0] == index.shape[$0] }) else {
          throw OpInfoCall.LeftOut("an index that is repeated")
        }
        return x.gather(index, axis: axis)
      },
      made("scatter_add") { call in
        let (x, index, source) = (try call.x, try call.index(2, "index"), try call.tensor(3, "src"))
        guard let axis = try call.axis(1, "dim") else {
          let place = try call.index(2, "index") { _ in [1] }
          return x + source.reshape(to: [1]).scatterAdd(place, axis: 0, extent: 1).reshape(to: [])
        }
        let zeros = x.shape.map { _ in 0 }
        let added = source.slice(start: zeros, size: index.shape)
          .scatterAdd(index, axis: axis, extent: x.shape[axis])
        return x + added.pad(before: zeros, after: x.shape.indices.map { x.shape[$0] - added.shape[$0] })
      },
    ]
  }

  /// A position along an axis: a number, a slice, None or the like.
  private static func position(_ item: JSON) throws -> any AxisPosition {
    if let number = item.integer { return number }
    if let bounds = item["slice"]?.elements {
      return AxisSpan.from(bounds[0].integer ?? 0, to: bounds[1].integer, by: bounds[2].integer ?? 1)
    }
    if item == .null { return AxisSpan.newAxis }
    throw OpInfoCall.LeftOut("lists of positions")
  }

  // MARK: Joined

  static var joined: [OpInfoEntry] {
    func tiled(_ name: String, _ argument: String) -> OpInfoEntry {
      own(name) { try $0.x.tile($0.ints(1, argument)) }
    }
    return [
      own("cat") { call in
        let parts = try call.tensors(0, "tensors")
        guard Set(parts.map(\.shape.rank)).count == 1 else { throw OpInfoCall.LeftOut("parts of several ranks") }
        return concatenate(parts, axis: try call.int(1, "dim", 0))
      },
      own("stack") { stack(try $0.tensors(0, "tensors"), axis: try $0.int(1, "dim", 0)) },
      made("hstack") {
        let parts = try $0.tensors(0, "tensors").map { $0.shape.rank == 0 ? $0.reshape(to: [1]) : $0 }
        return concatenate(parts, axis: parts[0].shape.rank == 1 ? 0 : 1)
      },
      made("vstack") {
        concatenate(
          try $0.tensors(0, "tensors").map { $0.shape.rank < 2 ? $0.reshape(to: [1, $0.shape.elementCount]) : $0 })
      },
      tiled("tile", "dims"), tiled("repeat", "repeats"),
      own("repeat_interleave") { call in
        let (x, axis) = (try call.x, try call.optionalInt(2, "dim"))
        guard let count = call.plainInt(1, "repeats") else { throw OpInfoCall.LeftOut("counts for each element") }
        guard let axis else { return call.composed { x.flatten(from: 0).repeated(count, axis: 0) } }
        return x.repeated(count, axis: axis)
      },
      own("constant_pad_nd") { try padded($0, .constant($0.number(2, "value", 0))) },
      own("nn.functional.pad constant") {
        _ = $0.word(2, "mode", "constant")
        return try padded($0, .constant($0.number(3, "value", 0)))
      },
      padding("reflect", .reflect), padding("replicate", .replicate), padding("circular", .circular),
    ]
  }

  private static func padding(_ name: String, _ mode: PaddingMode) -> OpInfoEntry {
    own("nn.functional.pad " + name) {
      _ = $0.word(2, "mode", name)
      return try padded($0, mode)
    }
  }

  /// PyTorch counts from the last axis, two numbers for each; one below 0 cuts off.
  private static func padded(_ call: OpInfoCall, _ mode: PaddingMode) throws -> Value {
    let (x, counts) = (try call.x, try call.list(1, "pad"))
    let pairs = x.shape.indices.map { axis in
      let place = 2 * (x.shape.rank - 1 - axis)
      return place < counts.count ? (counts[place], counts[place + 1]) : (0, 0)
    }
    guard counts.contains(where: { $0 < 0 }) else {
      return x.pad(before: pairs.map(\.0), after: pairs.map(\.1), mode: mode)
    }
    guard case .constant = mode else { throw OpInfoCall.LeftOut("padding below 0") }
    let y = call.composed { x.pad(before: pairs.map { max($0.0, 0) }, after: pairs.map { max($0.1, 0) }, mode: mode) }
    return y.slice(
      start: pairs.map { max(-$0.0, 0) },
      size: Shape(zip(y.shape, pairs).map { $0 + min($1.0, 0) + min($1.1, 0) }))
  }
}

extension Shape {
  /// These extents, with what is left in place of −1.
  fileprivate func filled(_ extents: [Int]) -> Shape {
    let known = extents.filter { $0 >= 0 }.reduce(1, *)
    return Shape(extents.map { $0 >= 0 ? $0 : known == 0 ? 0 : elementCount / known })
  }
}
