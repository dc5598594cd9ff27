package dev.millrace.scenarios;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;

/** Refuses numbers of a command line that make no sense. */
final class CommandOptionBounds {
  /** More than any chain will ever have; a larger number is a typing mistake, or a test of us. */
  static final long MAX_BLOCKS = 1_000_000_000_000L;

  private CommandOptionBounds() {}

  static void within(String option, long least, long max, long value) {
    if (value < least || value > max) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "option is out of range: option=%s value=%d least=%d most=%d"
              .formatted(option, value, least, max));
    }
  }

  /** Checks a number with no upper bound but that of an int. */
  static void count(String option, long least, long value) {
    within(option, least, Integer.MAX_VALUE, value);
  }

  static void share(String option, double value) {
    if (!(value >= 0 && value <= 1)) { // NaN fails as well
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "option is no share: option=%s value=%s least=0 most=1".formatted(option, value));
    }
  }
}
