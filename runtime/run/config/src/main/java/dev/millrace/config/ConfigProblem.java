package dev.millrace.config;

import java.util.Comparator;

/** A problem in a config: its place, its key, the mistake and the expected value. */
public record ConfigProblem(String where, String path, String wrong, String expected) {
  static final Comparator<ConfigProblem> BY_PLACE = Comparator.comparingInt(ConfigProblem::line);

  ConfigProblem(ConfigLocation place, String path, String wrong, String expected) {
    this(place.toString(), path, wrong, expected);
  }

  private int line() {
    String digits = where.substring(where.lastIndexOf(':') + 1);
    return digits.matches("[0-9]{1,9}") ? Integer.parseInt(digits) : Integer.MAX_VALUE;
  }

  @Override
  public String toString() {
    return where
        + ": "
        + (path.isEmpty() ? "" : path + ": ")
        + wrong
        + (expected.isEmpty() ? "" : "; expected " + expected);
  }
}
