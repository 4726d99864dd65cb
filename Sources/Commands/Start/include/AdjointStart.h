// AdjointStart: a command that is linked statically starts also where /proc is missing, as in an empty root. There is nothing
// to call.
