package dev.millrace.config;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads the values of one section. A wrong value is reported and read as absent. */
final class ConfigSection {
  private static final Pattern BYTES =
      Pattern.compile("(?<count>[0-9]{1,12})\\s*(?<unit>[kKmMgG]?i?[bB]?)");
  private static final Pattern SHARE =
      Pattern.compile("(?<number>[0-9]{1,3}([.][0-9]{1,9})?)\\s*(?<percent>%?)");
  private static final Pattern DURATION =
      Pattern.compile("(?<count>[0-9]{1,9})\\s*(?<unit>ms|s|m|h|d)");

  private final String path;
  private final Map<String, ConfigNode> entries;
  private final ConfigLocation place;
  private final boolean broken;
  private final List<ConfigProblem> problems;

  ConfigSection(ConfigNode node, String path, List<ConfigProblem> problems) {
    this.path = path;
    this.entries = node instanceof ConfigNode.Section section ? section.entries() : Map.of();
    this.place = node.place();
    this.broken = node instanceof ConfigNode.Broken;
    this.problems = problems;
  }

  /** True if the section has a value for {@code key}, right or wrong. */
  boolean mentions(String key) {
    return !(node(key) instanceof ConfigNode.Nothing);
  }

  ConfigSection section(String key) {
    return new ConfigSection(node(key), path(key), problems);
  }

  /** The items of a list; empty for any other node. */
  List<ConfigNode> items(String key) {
    return node(key) instanceof ConfigNode.Items items ? items.items() : List.of();
  }

  /** True if {@code key} holds a list, or one value that stands for a list. */
  boolean isList(String key) {
    return node(key) instanceof ConfigNode.Items;
  }

  /** The number at {@code key}, without reporting what may be wrong with it. */
  Optional<Long> peek(String key) {
    return text(key).filter(value -> value.matches("[0-9]{1,18}")).map(Long::parseLong);
  }

  void require(String key, String expected) {
    if (!mentions(key)) {
      problems.add(new ConfigProblem(place, path(key), "is missing", expected));
    }
  }

  Optional<String> text(String key) {
    return scalar(key).map(ConfigNode.Text::value);
  }

  Optional<ConfigNode.Text> scalar(String key) {
    return node(key) instanceof ConfigNode.Text text ? Optional.of(text) : Optional.empty();
  }

  Optional<Long> number(String key, long least, long max) {
    String range =
        max == Long.MAX_VALUE
            ? "a whole number from " + least + " on"
            : "a whole number from " + least + " to " + max;
    return scalar(key).flatMap(text -> number(key, text, least, max, range));
  }

  Optional<Long> number(String key, ConfigNode.Text text, long least, long max, String expected) {
    // YAML itself allows 10_000, and people write it for readability.
    String digits = text.value().strip().replace("_", "");
    if (!digits.matches("[+-]?[0-9]+")) {
      report(key, text, "is not a number: value=" + text.shown(), expected);
      return Optional.empty();
    }
    long value;
    try {
      value = Long.parseLong(digits);
    } catch (NumberFormatException _) {
      report(key, text, "is too large: value=" + text.shown(), expected);
      return Optional.empty();
    }
    if (value < least || value > max) {
      String wrong = value < 0 ? "is negative" : value < least ? "is too small" : "is too large";
      report(key, text, wrong + ": value=" + text.shown(), expected);
      return Optional.empty();
    }
    return Optional.of(value);
  }

  /** Reads an amount of memory. The units are powers of 1024, as in PostgreSQL. */
  Optional<Long> bytes(String key, long least) {
    return scalar(key).flatMap(text -> bytes(key, text, least));
  }

  private Optional<Long> bytes(String key, ConfigNode.Text text, long least) {
    String expected = "an amount such as 512KB, 256MB or 2GB, at least " + least + " bytes";
    Matcher matcher = BYTES.matcher(text.value().strip());
    if (!matcher.matches()) {
      String wrong =
          text.value().strip().startsWith("-") ? "is negative" : "is not an amount of bytes";
      report(key, text, wrong + ": value=" + text.shown(), expected);
      return Optional.empty();
    }
    String unit = matcher.group("unit").toUpperCase(Locale.ROOT);
    int shift =
        switch (unit.isEmpty() ? 'B' : unit.charAt(0)) {
          case 'K' -> 10;
          case 'M' -> 20;
          case 'G' -> 30;
          default -> 0;
        };
    long count = Long.parseLong(matcher.group("count"));
    if (count > (Long.MAX_VALUE >> shift) || count << shift < least) {
      String wrong = count > (Long.MAX_VALUE >> shift) ? "is too large" : "is too small";
      report(key, text, wrong + ": value=" + text.shown(), expected);
      return Optional.empty();
    }
    return Optional.of(count << shift);
  }

  /** Reads a share, as a number from 0 to 1 or in percent. */
  Optional<Double> share(String key) {
    return scalar(key)
        .flatMap(text -> {
          Matcher matcher = SHARE.matcher(text.value().strip());
          double share =
              !matcher.matches()
                  ? -1
                  : Double.parseDouble(matcher.group("number"))
                      / (matcher.group("percent").isEmpty() ? 1 : 100);
          if (share < 0 || share > 1) {
            report(
                key,
                text,
                "is not a share: value=" + text.shown(),
                "0.01, 1 % or the like, at most 1");
            return Optional.empty();
          }
          return Optional.of(share);
        });
  }

  /** Reads a time to wait. */
  Optional<Duration> duration(String key, Duration least, Duration max) {
    return duration(key, least, max, "");
  }

  /**
   * Reads a time to wait.
   *
   * @param word stands for no limit in the message; empty if there is none
   */
  Optional<Duration> duration(String key, Duration least, Duration max, String word) {
    return scalar(key)
        .flatMap(text -> {
          Matcher matcher = DURATION.matcher(text.value().strip());
          Optional<Duration> read =
              matcher.matches()
                  ? Optional.of(
                      Duration.of(
                          Long.parseLong(matcher.group("count")), unit(matcher.group("unit"))))
                  : Optional.empty();
          if (read.isEmpty() || read.get().compareTo(least) < 0 || read.get().compareTo(max) > 0) {
            report(
                key,
                text,
                "is not a time to wait: value=" + text.shown(),
                example(max)
                    + ", from %s to %s".formatted(shown(least), shown(max))
                    + (word.isEmpty() ? "" : ", or " + word));
            return Optional.empty();
          }
          return read;
        });
  }

  private static String example(Duration max) {
    return max.compareTo(Duration.ofHours(1)) > 0 ? "90m, 12h or 30d" : "500ms, 2s or 1m";
  }

  private static String shown(Duration time) {
    return time.compareTo(Duration.ofDays(1)) >= 0
        ? time.toDays() + " d"
        : time.compareTo(Duration.ofMinutes(1)) >= 0
            ? time.toSeconds() + " s"
            : time.toMillis() + " ms";
  }

  private static ChronoUnit unit(String written) {
    return switch (written) {
      case "ms" -> ChronoUnit.MILLIS;
      case "m" -> ChronoUnit.MINUTES;
      case "h" -> ChronoUnit.HOURS;
      case "d" -> ChronoUnit.DAYS;
      default -> ChronoUnit.SECONDS;
    };
  }

  /** Reads a constant of an enum, in lower case. */
  <T extends Enum<T>> Optional<T> word(String key, Class<T> words) {
    return scalar(key)
        .flatMap(text -> {
          Optional<T> known =
              Arrays.stream(words.getEnumConstants())
                  .filter(word -> word.name().toLowerCase(Locale.ROOT).equals(text.value()))
                  .findFirst();
          if (known.isEmpty()) {
            report(
                key,
                text,
                "is none of the words for it: value=" + text.shown(),
                Arrays.stream(words.getEnumConstants())
                    .map(word -> word.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(" or ")));
          }
          return known;
        });
  }

  /** The places where the keys of this section and of its subsections were written. */
  Map<String, String> places() {
    Map<String, String> places = new HashMap<>();
    places.put("", place.toString());
    entries.forEach((key, node) -> note(key, node, places));
    return places;
  }

  private static void note(String key, ConfigNode node, Map<String, String> places) {
    places.put(key, node.place().toString());
    switch (node) {
      case ConfigNode.Section section ->
          section.entries().forEach((below, inner) -> note(key + "." + below, inner, places));
      case ConfigNode.Items list -> {
        for (int i = 0; i < list.items().size(); i++) {
          note(key + "[" + i + "]", list.items().get(i), places);
        }
      }
      case ConfigNode.Text _, ConfigNode.Nothing _, ConfigNode.Broken _ -> {
        // Nothing below it.
      }
    }
  }

  /** Reports the key as a whole. */
  void reportKey(String key, String wrong, String expected) {
    problems.add(new ConfigProblem(node(key).place(), path(key), wrong, expected));
  }

  void report(String key, ConfigNode.Text text, String wrong, String expected) {
    problems.add(new ConfigProblem(text.place(), path(key), wrong, expected));
  }

  String path() {
    return path;
  }

  String path(String key) {
    return ConfigYamlParser.join(path, key);
  }

  private ConfigNode node(String key) {
    if (broken) {
      return new ConfigNode.Broken(place);
    }
    ConfigNode node = entries.get(key);
    return node == null ? new ConfigNode.Nothing(place) : node;
  }
}
