import AdjointCommandLine

CommandLineProgram.main(ExplainCommand.command)
