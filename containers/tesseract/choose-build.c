// The program called `tesseract`: becomes the build that suits this processor, which lies beside it in ../libexec. It takes
// language data from ../share/tessdata where that is there and nothing else is asked for. `--which-build` names the build.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// sysexits.h: a part of the installation is missing.
enum { UNAVAILABLE = 69 };

static int fail(const char *what, const char *file) {
  fprintf(stderr, "tesseract: %s %s: %s\n", what, file, strerror(errno));
  return UNAVAILABLE;
}

int main(int count, char **arguments) {
  const char *build = __builtin_cpu_supports("x86-64-v3") ? "x86-64-v3" : "x86-64";
  if (count == 2 && strcmp(arguments[1], "--which-build") == 0) return puts(build) < 0;

  char folder[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
  if (length < 0) return fail("cannot tell where it is from", "/proc/self/exe");
  folder[length] = '\0';
  for (int level = 0; level < 2; level++) {
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = '\0';
  }

  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/share/tessdata", folder);
  if (getenv("TESSDATA_PREFIX") == NULL && access(path, R_OK | X_OK) == 0) setenv("TESSDATA_PREFIX", path, 1);
  snprintf(path, sizeof path, "%s/libexec/tesseract-%s", folder, build);
  execv(path, arguments);
  return fail("cannot start", path);
}
