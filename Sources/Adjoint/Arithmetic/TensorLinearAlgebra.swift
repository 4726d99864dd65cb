// Linear algebra of tensors without a tape of one's own, under the names that variables have.

extension Tensor where Element: Scalar {
  /// The lower triangular L with L·Lᵀ = A, of each symmetric positive definite matrix; NaN for any other.
  public func cholesky(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.cholesky(file: file, line: line) }
  }

  /// X with T·X = B, where T is this triangular matrix; B is a matrix or a vector, and leading axes broadcast.
  public func solveTriangular(
    _ b: Tensor, upper: Bool = false, transposed: Bool = false, unitDiagonal: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    computed {
      $0.solveTriangular(
        $0.tape.constant(b), upper: upper, transposed: transposed, unitDiagonal: unitDiagonal, file: file, line: line)
    }
  }

  /// X with A·X = B, where A is this matrix; B is a matrix or a vector, and leading axes broadcast.
  public func solve(
    _ b: Tensor, transposed: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    computed { $0.solve($0.tape.constant(b), transposed: transposed, file: file, line: line) }
  }

  /// X with L·Lᵀ·X = B, where L is this lower triangular matrix.
  public func choleskySolve(_ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.choleskySolve($0.tape.constant(b), file: file, line: line) }
  }

  /// A⁻¹ of each matrix; infinite or NaN where it is singular.
  public func inverse(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.inverse(file: file, line: line) }
  }

  /// The determinant of each matrix.
  public func determinant(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.determinant(file: file, line: line) }
  }

  /// log|det A| of each matrix, through its Cholesky factor where it is said to be positive definite.
  public func logDeterminant(
    positiveDefinite: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    computed { $0.logDeterminant(positiveDefinite: positiveDefinite, file: file, line: line) }
  }

  /// The signed minors of each matrix, finite for a singular one too.
  public func cofactors(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.cofactors(file: file, line: line) }
  }

  /// The sum of the diagonal of each square matrix.
  public func trace(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.trace(file: file, line: line) }
  }

  /// Aᵏ of each matrix; of the inverse for a negative k.
  public func matrixPower(_ exponent: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    computed { $0.matrixPower(exponent, file: file, line: line) }
  }

  /// The value of a function, recorded on a tape that is then forgotten.
  private func computed(_ f: (Variable<Element>) -> Variable<Element>) -> Tensor {
    f(Tape<Element>().constant(self)).value
  }
}
