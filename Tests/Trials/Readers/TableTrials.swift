import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles

private let tableWords = [
  ",", ";", "\t", "\"", "\"\"", "\n", "\r\n", "\r", "\n\n", " ", "#", "label", "class", "a,b,c\n", "\u{FEFF}", "é",
  "NaN", "1e5",
  "\"\n", ",,", "0x1p3", "-", "１",
]

/// Points from tables: numbers, and the class in the last column.
struct PointTableTrial: ReaderTrial {
  let name = "points"
  let seeds =
    [
      "a,b,class\n1,2,x\n3,4.5,y\n-1e-3,+.5,x\n", "a,b,class\r\n\"1\",2,\"x, y\"\r\n3,4,\"say \"\"z\"\"\"\r\n",
      "\u{FEFF}u,class\n1,0\n2,1\n3,10\n\n\n", "sepal,petal,species\n5.1,1.4,Iris-setosa\n6.2, 4.5 ,Iris-virginica",
    ].map { Array($0.utf8) } + [gzipped(Array("a,class\n1,x\n2,y\n".utf8))]
  let words = tableWords

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let points = try LabeledPoints(csv: file, label: .last, format: CSVFormat())
    var (numbers, labels): ([Float?], [String?]) = ([], [])
    for row in StrictTable(bytes)?.rows.dropFirst() ?? [] {
      numbers += row.dropLast().map { StrictTable.number($0) }
      labels.append(row.last.flatMap { StrictTable.text($0) })
    }
    let isEqual =
      points.inputs.elements.map(\.bitPattern) == numbers.map { $0?.bitPattern } && points.count == labels.count
      && zip(points.labels, labels).allSatisfy { isClass(points.classNames[Int($0)], $1) }
    return reading(
      isEqual, "\(points.inputs), \(points.labels) of \(points.classNames); the oracle \(numbers) \(labels)",
      stating: 4 * points.inputs.elements.count + bytes.count)
  }

  /// True for the name of the class that a field names: its text, or the same number.
  private func isClass(_ name: String, _ field: String?) -> Bool {
    guard let field, name != field else { return field != nil }
    return StrictTable.places(name).map { $0 == StrictTable.places(field) } ?? false
  }
}

/// Images from tables: the label, then 2 × 2 pixels.
struct ImageTableTrial: ReaderTrial {
  let name = "image-table"
  let seeds =
    [
      "label,p0,p1,p2,p3\n7,0,84,185,255\n0,1,2,3,4\n", "7,0,84,185,255\n0,1,2,3,4\n",
      "\"label\",\"a\",\"b\",\"c\",\"d\"\r\n\"1\",0,0,0,9\r\n\"2\",0,0,0,9\r\n",
    ].map { Array($0.utf8) } + [gzipped(Array("3,1,2,3,4\n5,0,0,0,0".utf8))]
  let words = tableWords

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let images = try LabeledImages(csv: file, height: 2, width: 2)
    var rows = StrictTable(bytes)?.rows ?? []
    // A header, which has been read: its name of the labels says where they stand.
    var column = 0
    if let first = rows.first, first.contains(where: { StrictTable.number($0) == nil }) {
      let names = ["label", "class", "target", "species", "digit", "y"]
      column = first.firstIndex { names.contains(StrictTable.text($0)?.lowercased() ?? "") } ?? 0
      rows.removeFirst()
    }
    var (pixels, labels): ([Float?], [Float?]) = ([], [])
    for var row in rows where column < row.count {
      labels.append(StrictTable.number(row.remove(at: column)))
      pixels += row.map { StrictTable.number($0) }
    }
    let isEqual = images.pixels.map { Float($0) } == pixels && images.labels.map { Float($0) } == labels
    return reading(
      isEqual, "labels \(images.labels), pixels \(images.pixels); the oracle \(labels) \(pixels)", stating: bytes.count)
  }
}
