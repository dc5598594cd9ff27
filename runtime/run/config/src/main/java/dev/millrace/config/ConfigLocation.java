package dev.millrace.config;

/** The place of a value in a config: a line of a file, or a variable of the environment. */
sealed interface ConfigLocation {
  record Line(String file, int line) implements ConfigLocation {
    @Override
    public String toString() {
      return file + ":" + line;
    }
  }

  record Variable(String name) implements ConfigLocation {
    @Override
    public String toString() {
      return name;
    }
  }
}
