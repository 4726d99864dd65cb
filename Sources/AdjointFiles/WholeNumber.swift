extension Double {
  /// The nearest whole number that an `Int` holds; 0 for NaN.
  ///
  /// `Int(x)` ends the process where x is not finite or too large, as numbers from files and of diverged trainings may be.
  package var nearest: Int { Int(exactly: rounded()) ?? (isNaN ? 0 : self < 0 ? .min : .max) }
}
