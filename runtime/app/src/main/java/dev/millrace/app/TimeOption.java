package dev.millrace.app;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Reads a time as the config does, such as {@code 90m}. */
final class TimeOption implements CommandLine.ITypeConverter<Duration> {
  private static final Pattern TIME =
      Pattern.compile("(?<count>[0-9]{1,9})\\s*(?<unit>ms|s|m|h|d)");

  @Override
  public Duration convert(String value) {
    Matcher matcher = TIME.matcher(value.strip());
    if (!matcher.matches()) {
      throw new CommandLine.TypeConversionException(
          "is not a time, write 30s, 5m, 12h or 7d: value=" + value);
    }
    ChronoUnit unit =
        switch (matcher.group("unit")) {
          case "ms" -> ChronoUnit.MILLIS;
          case "m" -> ChronoUnit.MINUTES;
          case "h" -> ChronoUnit.HOURS;
          case "d" -> ChronoUnit.DAYS;
          default -> ChronoUnit.SECONDS;
        };
    return Duration.of(Long.parseLong(matcher.group("count")), unit);
  }
}
