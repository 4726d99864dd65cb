// Linear algebra on the matrices in the last two axes, one for each position of the leading axes.

extension Variable {
  /// The lower triangular L with L·Lᵀ = A, of each symmetric positive definite matrix [n, n].
  ///
  /// Of a matrix that is not symmetric the symmetric part (A + Aᵀ)/2 is taken, so the gradient is symmetric. The triangle of
  /// one that is not positive definite is NaN.
  public func cholesky(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Cholesky(), self, file: file, line: line)
  }

  /// X with T·X = B, where T is this triangular matrix [n, n], and B is [n, k] or a vector [n]; leading axes broadcast.
  ///
  /// The other triangle is not read, and neither is the diagonal where it is said to hold ones. A vector is a right side of
  /// rank 1.
  /// - Parameters:
  ///   - upper: True to read the upper triangle, and not the lower one.
  ///   - transposed: True to solve Tᵀ·X = B.
  ///   - unitDiagonal: True for ones on the diagonal.
  public func solveTriangular(
    _ b: Variable, upper: Bool = false, transposed: Bool = false, unitDiagonal: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    solving(
      SolveTriangular(isUpper: upper, isTransposed: transposed, hasUnitDiagonal: unitDiagonal), b, file, line)
  }

  /// X with A·X = B, where A is this matrix [n, n], and B is [n, k] or a vector [n]; leading axes broadcast.
  ///
  /// A singular matrix gives elements that are infinite or NaN. A vector is a right side of rank 1.
  /// - Parameter transposed: True to solve Aᵀ·X = B.
  public func solve(
    _ b: Variable, transposed: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    solving(Solve(isTransposed: transposed), b, file, line)
  }

  /// X with L·Lᵀ·X = B, where L is this lower triangular matrix, as `cholesky()` gives it.
  public func choleskySolve(_ b: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let half = solveTriangular(b, file: file, line: line)
    return solveTriangular(half, transposed: true, file: file, line: line)
  }

  /// A⁻¹ of each matrix; infinite or NaN where it is singular. `solve(_:)` is faster and more accurate than a product with it.
  public func inverse(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    requireSquare("inverse", file, line)
    return tape.record(Solve(), self, tape.identity(shape), file: file, line: line)
  }

  /// The determinant of each matrix. The gradient ȳ·cof A is right for singular matrices too.
  ///
  /// Second derivatives are right for matrices of rank n − 1 or more, and NaN below unless n ≤ 2.
  public func determinant(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Determinant(.value), self, file: file, line: line)
  }

  /// log|det A| of each matrix, which neither over- nor underflows: −∞ for a singular one. The sign is that of `determinant()`.
  ///
  /// - Parameter positiveDefinite: True to compute it as 2·Σ log Lᵢᵢ of the Cholesky factor, in half the time; NaN for a
  ///   matrix that is not positive definite.
  public func logDeterminant(
    positiveDefinite: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    guard positiveDefinite else { return tape.record(Determinant(.logMagnitude), self, file: file, line: line) }
    return 2 * cholesky(file: file, line: line).diagonal().log().sum(axes: [-1])
  }

  /// The signed minors: element [i, j] is (−1)ⁱ⁺ʲ times the determinant without row i and column j, the derivative of
  /// det A by aᵢⱼ. They are finite for a singular matrix. The transpose is called the adjugate.
  public func cofactors(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Determinant(.cofactors), self, file: file, line: line)
  }

  /// The sum of the diagonal of each square matrix.
  public func trace(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    requireSquare("trace", file, line)
    return diagonal().sum(axes: [-1], file: file, line: line)
  }

  /// Aᵏ of each matrix, by repeated squares; of the inverse for a negative k.
  public func matrixPower(_ exponent: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    requireSquare("matrixPower", file, line)
    var (square, left) = (exponent < 0 ? inverse(file: file, line: line) : self, exponent.magnitude)
    var result: Variable?
    while left > 0 {
      if left % 2 == 1 { result = result.map { $0.matmul(square, file: file, line: line) } ?? square }
      left /= 2
      if left > 0 { square = square.matmul(square, file: file, line: line) }
    }
    // A⁰ depends on A as little as x⁰ does on x.
    return result ?? tape.identity(shape)
  }

  private func requireSquare(_ name: String, _ file: StaticString, _ line: UInt) {
    do throws(ShapeError) { _ = try shape.square(for: name) } catch {
      fatalError(error.description, file: file, line: line)
    }
  }

  /// Records A⁻¹·B with leading axes broadcast, and a vector as one column.
  private func solving(
    _ operation: some MatrixOperation, _ b: Variable, _ file: StaticString, _ line: UInt
  ) -> Variable {
    guard b.shape.rank != 1 else {
      let column = solving(operation, b.reshape(to: [b.shape[0], 1]), file, line)
      return column.reshape(to: Shape(column.shape.dropLast()), file: file, line: line)
    }
    guard shape.rank >= 2, b.shape.rank >= 2, shape.leading != b.shape.leading else {
      return tape.record(operation, self, b, file: file, line: line)
    }
    do throws(ShapeError) {
      let leading = try Shape.broadcast(shape.leading, b.shape.leading, in: operation.name)
      func spread(_ x: Variable) -> Variable {
        x.shape.leading == leading
          ? x : x.broadcast(to: leading.matrices(x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1]))
      }
      return tape.record(operation, spread(self), spread(b), file: file, line: line)
    } catch { fatalError(error.description, file: file, line: line) }
  }
}
