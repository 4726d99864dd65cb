import AdjointCommandLine

CommandLineProgram.main(GradeCommand.command)
