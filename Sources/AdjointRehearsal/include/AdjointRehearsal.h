// AdjointRehearsal: a copy of this process in which code of somebody else is tried, so that a trap in it ends the copy alone.
// Linux has it; elsewhere there is no copy, and the code is run without having been tried.
#pragma once

typedef struct {
  int process;  // 0 in the copy, its number in the original, −1 when none could be made
  int output;   // what the copy writes to its error output is read here
} ar_copy;

// Makes a copy of the process, with the calling thread alone. It ends itself after so many seconds.
ar_copy ar_begin(unsigned seconds);

// Ends the copy, from inside: the code came to its end.
__attribute__((noreturn)) void ar_end(void);

// Waits for the copy, from the original, and returns the signal that ended it: 0 for none, −1 when its time was over. `text`
// receives the end of what it wrote.
int ar_signal(ar_copy copy, char *text, int capacity);
