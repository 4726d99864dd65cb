import AdjointLearning
import Foundation
import Testing

/// Schedules against closed formulas.
struct ScheduleTests {
  @Test func `a constant schedule is 1 for ever`() {
    #expect([0, 1, 1000].map { Schedule.constant.factor(at: $0) } == [1, 1, 1])
  }

  @Test func `a staircase multiplies the rate each time that so many steps have been taken`() {
    let schedule = Schedule.staircase(every: 10, factor: 0.5)
    #expect([0, 9, 10, 19, 20, 35].map { schedule.factor(at: $0) } == [1, 1, 0.5, 0.5, 0.25, 0.125])
  }

  @Test func `exponential decay after t steps is rate to the power t`() {
    let schedule = Schedule.exponential(rate: 0.99)
    for t in [0, 1, 2, 50] {
      let product = (0..<t).reduce(1.0) { factor, _ in factor * 0.99 }
      #expect(abs(schedule.factor(at: t) - product) < 1e-13)
    }
  }

  @Test func `a cosine begins at 1, is half-way in the middle, and stays at the floor from the end on`() {
    let schedule = Schedule.cosine(steps: 100, floor: 0.2)
    #expect(schedule.factor(at: 0) == 1)
    #expect(abs(schedule.factor(at: 50) - 0.6) < 1e-15)
    #expect(abs(schedule.factor(at: 25) - (0.2 + 0.8 * (1 + 0.5.squareRoot()) / 2)) < 1e-15)
    #expect([100, 101, 10_000].allSatisfy { abs(schedule.factor(at: $0) - 0.2) < 1e-15 })
    #expect((0..<100).allSatisfy { schedule.factor(at: $0) > schedule.factor(at: $0 + 1) })
  }

  @Test func `warming up rises in equal stages from 1/n to 1, and the cosine is counted from there`() {
    let cosine = Schedule.cosine(steps: 20)
    let schedule = Schedule.warmUp(steps: 4, then: cosine)
    #expect((0..<4).map { schedule.factor(at: $0) } == [0.25, 0.5, 0.75, 1])
    #expect((4..<30).allSatisfy { schedule.factor(at: $0) == cosine.factor(at: $0 - 4) })
    #expect(schedule.factor(at: 4) == 1)
    #expect(abs(schedule.factor(at: 24)) < 1e-15)
  }

  @Test func `warming up over no steps is what follows`() {
    #expect(Schedule.warmUp(steps: 0, then: .staircase(every: 2, factor: 0.1)).factor(at: 2) == 0.1)
  }
}
