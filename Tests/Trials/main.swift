// Trials by machine: files that are damaged at random, operations with odd parameters, hours of work in minutes.
//
//   Trials readers     [--count 20000] [--seed 1] [--only NAME] [--first 0] [--keep FOLDER]
//   Trials operations  [--count 1000]  [--seed 1] [--first 0] [--keep FOLDER]
//   Trials soak        [--seconds 600]
//   Trials overrun     one element behind a value of a program: the address sanitizer must end it
//
// Each trial runs in a child process, so that one that traps is seen and named. The exit code is 1 when any failed.
import Foundation

let arguments = Arguments(CommandLine.arguments.dropFirst())
switch arguments.command {
case "readers": exit(Trial.readers(arguments))
case "operations": exit(Trial.operations(arguments))
case "child": Trial.child(arguments)
case "soak": exit(try Soak.run(seconds: arguments.number("seconds") ?? 600))
case "overrun": Overrun.run()
default:
  print("Trials readers | operations | soak | overrun; see Tests/Trials/main.swift")
  exit(2)
}
