package dev.millrace.clickhouse;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which ClickHouse answers: year and number of its release, which is how they are ordered. */
record ServerVersion(int year, int release) implements Comparable<ServerVersion> {
  /** The oldest release that has all that tables, views and inserts here are made of. */
  static final ServerVersion OLDEST = new ServerVersion(24, 8);

  private static final Pattern TEXT = Pattern.compile("v?(\\d{1,6})\\.(\\d{1,6})(\\D.*)?");

  /** Empty for what nobody could order. */
  static Optional<ServerVersion> of(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    return matcher.matches()
        ? Optional.of(
            new ServerVersion(
                Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))))
        : Optional.empty();
  }

  /** Before anything is made there. */
  static void check(Server server) {
    check(server.query("mirror", "SELECT version()", RowInput::readText));
  }

  /** Whoever builds ClickHouse under a name of their own knows what they have. */
  static void check(String found) {
    if (of(found).filter(version -> version.compareTo(OLDEST) < 0).isPresent()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "ClickHouse is too old for a mirror: found=%s needed=%s".formatted(found, OLDEST));
    }
  }

  @Override
  public int compareTo(ServerVersion other) {
    return Comparator.comparingInt(ServerVersion::year)
        .thenComparingInt(ServerVersion::release)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return year + "." + release;
  }
}
