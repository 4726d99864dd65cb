// Trials by machine: files that are damaged at random, operations with odd parameters, hours of work in minutes.
//
//   Trials readers     [--count 20000] [--seed 1] [--only NAME] [--first 0] [--keep FOLDER]
//   Trials memory      large sound files: at most four times their size
//   Trials operations  [--count 1000]  [--seed 1] [--first 0] [--keep FOLDER]
//   Trials catalogue   every operation and some trainings, for a sanitizer to watch
//   Trials soak        [--seconds 600] [--slack 24]  megabytes of growth that are no leak
//   Trials overrun     [--in tape|program]  writes one element behind a value: the address sanitizer must end it
//   Trials race        counts in one place on two threads: the thread sanitizer must end it
//
// Each trial runs in a child process, so that one that traps is seen and named. The exit code is 1 when any failed.
import Foundation

let arguments = Arguments(CommandLine.arguments.dropFirst())
switch arguments.command {
case "readers": exit(Trial.readers(arguments))
case "operations": exit(Trial.operations(arguments))
case "child": Trial.child(arguments)
case "memory":
  if let name = arguments["only"], let path = arguments["file"], let stated = arguments.number("stated") {
    exit(try LargeFiles.read(name, URL(fileURLWithPath: path), stated: stated))
  }
  exit(try LargeFiles.run())
case "catalogue": exit(try Catalogue.run())
case "soak":
  exit(
    try Soak.run(
      seconds: arguments.number("seconds") ?? 600, slack: arguments.number("slack") ?? 24))
case "overrun": try Overrun.run(in: arguments["in"] ?? "program")
case "race": Race.run()
default:
  print("Trials readers | memory | operations | catalogue | soak | overrun | race; see Tests/Trials/main.swift")
  exit(2)
}
