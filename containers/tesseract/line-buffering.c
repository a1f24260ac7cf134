// Does for a static program what stdbuf(1) does for others by a library: `stdbuf -oL tesseract ...` lets each line out at once.
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void buffer_lines_where_asked(void) {
  const char *mode = getenv("_STDBUF_O");
  if (mode != NULL && mode[0] == 'L') setvbuf(stdout, NULL, _IOLBF, 0);
}
