import Adjoint
import AdjointFiles
import Foundation

// NumPy's arrays as tensors: one in a file `.npy`, several under names in an archive `.npz`.

/// Named arrays in NumPy's archive `.npz`, as `numpy.savez` writes it and `numpy.load` reads it.
///
///     let data = try NPZ(contentsOf: url)
///     let x: Tensor<Float> = try data.tensor("x")       // any type of number, converted
///     let y: Tensor<Int32> = try data.tensor("y")       // integers that fit
///     var results = NPZ()
///     try results.add("loss", losses)
///     try results.write(to: file)
public struct NPZ: CustomStringConvertible {
  private var file: NPZFile

  /// No arrays.
  public init() { file = NPZFile() }

  /// Reads an archive, stored or compressed.
  ///
  /// An array that is none of numbers throws when it is asked for; the others can be read.
  /// - Throws: `FileError` when the archive is damaged, encrypted, of more than 2 GiB, or holds no arrays.
  public init(contentsOf url: URL) throws(FileError) { file = try NPZFile(contentsOf: url) }

  /// The names of the arrays, in the order of the archive.
  public var names: [String] { file.names }

  public var description: String {
    "NPZ: \(names.count) \(names.count == 1 ? "array" : "arrays")" + (names.isEmpty ? "" : ": ")
      + names.prefix(8).map(quoted).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
  }

  /// The array of this name, as `Tensor(npy:)` reads it.
  /// - Throws: `FileError` when there is none, or none of numbers.
  public func tensor<S: Scalar>(_ name: String, as type: S.Type = S.self) throws(FileError) -> Tensor<S> {
    try file.array(name).tensor()
  }

  /// The array of integers of this name, whatever their width in the file.
  /// - Throws: `FileError` when there is none, it holds no integers, or one that does not fit.
  public func tensor<I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ name: String, as type: I.Type = I.self
  ) throws(FileError) -> Tensor<I> { try file.array(name).integers(file.path, .tensor(name)) }

  /// Adds an array, or replaces the one of that name.
  public mutating func add<S: Scalar & BinaryFloatingPoint>(_ name: String, _ tensor: Tensor<S>) {
    file.set(name, NPY(tensor))
  }

  /// Adds an array of integers, or replaces the one of that name.
  public mutating func add<I: FixedWidthInteger & BitwiseCopyable & Sendable>(_ name: String, _ tensor: Tensor<I>) {
    file.set(name, NPY(tensor))
  }

  /// Replaces a file, as a whole or not at all.
  /// - Throws: `FileError` when it cannot be written.
  public func write(to url: URL, compressing: Bool = false) throws(FileError) {
    try file.write(to: url, compressing: compressing)
  }
}

extension Tensor where Element: Scalar {
  /// Reads one of NumPy's arrays from a file `.npy`, of any type of number.
  ///
  /// `Float` and `Double` of the same type keep every bit. Other numbers are converted, to the nearest where `Element` has none
  /// that is equal; true is 1.
  /// - Throws: `FileError` for a damaged file, and for arrays of other things than numbers: complex numbers, texts, objects.
  public init(npy url: URL) throws(FileError) { self = try NPY(contentsOf: url).tensor() }
}

extension Tensor where Element: Scalar & BinaryFloatingPoint {
  /// Replaces a file, as a whole or not at all, by this array as `numpy.load` reads it.
  /// - Throws: `FileError` when it cannot be written.
  public func save(npy url: URL) throws(FileError) { try NPY(self).write(to: url) }
}

extension Tensor where Element: FixedWidthInteger {
  /// Reads one of NumPy's arrays of integers from a file `.npy`, whatever their width there.
  /// - Throws: `FileError` for a damaged file, other numbers, and integers that do not fit.
  public init(npy url: URL) throws(FileError) {
    self = try NPY(contentsOf: url).integers(url.path, .wholeFile)
  }

  /// Replaces a file, as a whole or not at all, by this array as `numpy.load` reads it.
  /// - Throws: `FileError` when it cannot be written.
  public func save(npy url: URL) throws(FileError) { try NPY(self).write(to: url) }
}

extension NPY {
  fileprivate init<S: Scalar & BinaryFloatingPoint>(_ tensor: Tensor<S>) {
    let order = ByteOrder.littleEndian
    let shape = Array(tensor.shape)
    if let floats = tensor as? Tensor<Float> {
      self.init(type: .float32, shape: shape, bytes: order.bytes(of: floats.elements.lazy.map(\.bitPattern)))
    } else {
      self.init(
        type: .float64, shape: shape, bytes: order.bytes(of: tensor.elements.lazy.map { Double($0).bitPattern }))
    }
  }

  fileprivate init<I: FixedWidthInteger>(_ tensor: Tensor<I>) {
    guard let type = NumberType(width: I.bitWidth, isSigned: I.isSigned) else {
      fatalError("NPY: \(I.self) has more than 64 bits, which no type of NumPy has")
    }
    self.init(type: type, shape: Array(tensor.shape), bytes: ByteOrder.littleEndian.bytes(of: tensor.elements))
  }

  fileprivate func tensor<S: Scalar>() -> Tensor<S> {
    let shape = Shape(shape)
    // The cast comes first: a signalling NaN would not survive the way through Double.
    if type == .float32, S.self == Float.self {
      let words: [UInt32] = ByteOrder.littleEndian.words(of: bytes)
      if let tensor = Tensor(shape: shape, elements: words.map { Float(bitPattern: $0) }) as? Tensor<S> {
        return tensor
      }
    }
    return Tensor(shape: shape, elements: type.numbers(of: bytes) { S($0) })
  }

  fileprivate func integers<I: FixedWidthInteger>(
    _ file: String, _ place: FileError.Place
  ) throws(FileError) -> Tensor<I> {
    let (values, misfit) = type.integers(of: bytes, as: I.self)
    if let misfit {
      throw FileError(
        .mismatch, file: file, at: place, expected: "integers from \(I.min) to \(I.max)",
        found: type.isInteger ? misfit : "numbers of type \(type.rawValue)",
        remedy: type.isInteger ? "Read it as Int64.self." : "Read it as Float.self or Double.self.")
    }
    return Tensor(shape: Shape(shape), elements: values)
  }
}
