import AdjointKernels
import Testing

@Suite struct DispatchTests {
  @Test func everyMachineHasATableAndTheBestIsFirst() {
    #expect(!InstructionSet.all.isEmpty)
    #expect(String(cString: ak_kernels_named(nil).pointee.name) == InstructionSet.all[0].name)
    #expect(ak_kernels_named("abacus") == nil)
    for set in InstructionSet.all { #expect(String(cString: ak_kernels_named(set.name).pointee.name) == set.name) }
  }

  @Test(arguments: InstructionSet.all)
  func thePeakLoopCountsItsOperations(set: InstructionSet) {
    #expect(set.kernels.fma_peak_f32(10_000) >= 20_000)
    #expect(set.kernels.fma_peak_f64(10_000) >= 20_000)
  }
}
