import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation

// Files of other programs, read here and written again for `formats.py` to compare.

/// Reads each file in a folder, and writes into the folder `read` below it what was found, or the sentence of the error.
func rereadFormats(in folder: URL) throws {
  let place = folder.appendingPathComponent("read")
  try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
  for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
    let url = folder.appendingPathComponent(name)
    do {
      try reread(url) { place.appendingPathComponent(name + $0) }
    } catch let error as FileError {
      try Data("\(error)\n".utf8).write(to: place.appendingPathComponent(name + ".error"))
    }
  }
  // Pictures whose every pixel is another number.
  let ramp = Tensor<Float>(shape: [16, 16], elements: (0..<256).map { Float($0) / 255 })
  try ramp.save(png: place.appendingPathComponent("written-grey.png"))
  let colours = Tensor<Float>(shape: [5, 7, 3], elements: (0..<105).map { Float($0 * 37 % 256) / 255 })
  try colours.save(png: place.appendingPathComponent("written-colour.png"))
}

/// Reads one file, and writes what was found into files of its name and these endings.
private func reread(_ url: URL, _ output: (String) -> URL) throws {
  switch url.pathExtension {
  case "npy":
    try Tensor<Double>(npy: url).save(npy: output(".npy"))
    if let integers = try? Tensor<Int64>(npy: url) { try integers.save(npy: output(".int.npy")) }
    if let integers = try? Tensor<UInt64>(npy: url) { try integers.save(npy: output(".uint.npy")) }
  case "npz":
    let file = try NPZ(contentsOf: url)
    var again = NPZ()
    for name in file.names {
      // Arrays of other things than numbers are left out.
      if let numbers = try? file.tensor(name, as: Double.self) { again.add(name, numbers) }
    }
    try again.write(to: output(".npz"), compressing: true)
  case "png", "jpg":
    try Tensor<Double>(image: url).save(npy: output(".npy"))
  case "safetensors", "json":
    let file = try Safetensors(contentsOf: url)
    try file.write(to: output(".safetensors"))
    var again = NPZ()
    for name in file.names {
      if let numbers = try? file.tensor(name, as: Double.self) { again.add(name, numbers) }
    }
    try again.write(to: output(".npz"))
  default: break
  }
}
