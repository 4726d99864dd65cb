import AdjointCommandLine

CommandLineProgram.main(BenchCommand.command)
