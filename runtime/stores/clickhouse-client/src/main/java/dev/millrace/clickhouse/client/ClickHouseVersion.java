package dev.millrace.clickhouse.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The version of a ClickHouse server: year and number of its release, compared in that order. */
public record ClickHouseVersion(int year, int release) implements Comparable<ClickHouseVersion> {
  /** The oldest release with all features that the tables, views and inserts here need. */
  static final ClickHouseVersion OLDEST = new ClickHouseVersion(24, 8);

  private static final Pattern TEXT = Pattern.compile("v?(\\d{1,6})\\.(\\d{1,6})(\\D.*)?");

  /** Parses a version; empty if the text has no comparable form. */
  public static Optional<ClickHouseVersion> of(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    return matcher.matches()
        ? Optional.of(
            new ClickHouseVersion(
                Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))))
        : Optional.empty();
  }

  /** Checks the version of a server before anything is created there. */
  public static void check(ClickHouseDatabase server) {
    check(server.query("mirror", "SELECT version()", RowBinaryInput::readText));
  }

  /** Accepts a version in an unknown form: it is a build of the user's own. */
  public static void check(String found) {
    if (of(found).filter(version -> version.compareTo(OLDEST) < 0).isPresent()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "ClickHouse is too old for a mirror: found=%s needed=%s".formatted(found, OLDEST));
    }
  }

  @Override
  public int compareTo(ClickHouseVersion other) {
    return Comparator.comparingInt(ClickHouseVersion::year)
        .thenComparingInt(ClickHouseVersion::release)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return year + "." + release;
  }
}
