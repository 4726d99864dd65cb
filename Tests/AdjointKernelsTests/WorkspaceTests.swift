import AdjointKernels
import Foundation
import Testing

/// The room in which a thread multiplies is made when it first does, so a thread that does not pays nothing for it.
@Suite struct WorkspaceTests {
  #if os(Linux)
    /// The thread-local segment is carved out of the stack of every thread of the process, whether it multiplies or not.
    @Test func `The program takes little of every thread's stack for itself`() throws {
      let program = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/exe"))
      let bytes = try #require(try program.read(upToCount: 4096))
      func number<T: FixedWidthInteger>(_ offset: Int, _ type: T.Type) -> Int {
        Int(bytes.dropFirst(offset).prefix(T.bitWidth / 8).reversed().reduce(T(0)) { $0 << 8 | T($1) })
      }
      // ELF, 64 bits: the program headers, each with its kind and its size in memory.
      let (start, size, count) = (number(32, UInt64.self), number(54, UInt16.self), number(56, UInt16.self))
      let threadLocal = (0..<count).map { start + $0 * size }.filter { number($0, UInt32.self) == 7 }
      #expect(threadLocal.count == 1)
      for header in threadLocal { #expect((1...4096).contains(number(header + 40, UInt64.self))) }
    }
  #endif

  @Test func `A thread with a small stack multiplies, and frees its room at its end`() throws {
    for _ in 0..<20 {
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      try #require(pthread_attr_setstacksize(&attributes, 64 << 10) == 0)
      let sum = UnsafeMutablePointer<Float>.allocate(capacity: 1)
      defer { sum.deallocate() }
      #if canImport(Glibc)
        var thread = pthread_t()
      #else
        var thread: pthread_t?
      #endif
      let failure = pthread_create(
        &thread, &attributes,
        { argument in
          // Large enough to be packed.
          let (n, a) = (96, UnsafeMutablePointer<Float>.allocate(capacity: 2 * 96 * 96))
          a.initialize(repeating: 0.5, count: 2 * n * n)
          var gemm = ak_gemm_f32()
          (gemm.m, gemm.n, gemm.k, gemm.transpose_b) = (n, n, n, true)
          (gemm.a, gemm.lda, gemm.b, gemm.ldb) = (UnsafePointer(a), n, UnsafePointer(a), n)
          (gemm.c, gemm.ldc) = (a + n * n, n)
          ak_kernels_named(nil)?.pointee.gemm_f32(&gemm)
          let result: UnsafeMutableRawPointer? = argument
          result?.assumingMemoryBound(to: Float.self).pointee = a[2 * n * n - 1]
          a.deallocate()
          return nil
        }, sum)
      try #require(failure == 0)
      #if canImport(Glibc)
        pthread_join(thread, nil)
      #else
        if let thread { pthread_join(thread, nil) }
      #endif
      #expect(sum.pointee == 24)
    }
  }
}
