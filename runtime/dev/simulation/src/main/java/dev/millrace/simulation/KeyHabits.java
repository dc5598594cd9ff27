package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;

import dev.millrace.simulation.OddRows.Label;
import java.util.List;

/** Odd ids under which handlers save, find and delete rows. */
final class KeyHabits {
  private static final List<String> KEYS =
      List.of(
          "",
          " ",
          "'; DROP TABLE parcel; --",
          "\" OR 1=1",
          "$1 ? :chain {chain:UInt64} %s {}",
          "\\N",
          "NULL",
          "\\",
          "\\\\t",
          "a\tb\nc\rd\be\ff",
          "\\x00",
          "\\'",
          "\u0001\u007F\uFEFF",
          "e\u0301",
          "é",
          "ﬁ😀\uFFFD",
          "A",
          "a",
          "a ",
          "k".repeat(1_900));

  private KeyHabits() {}

  static final List<HandlerHabit> ALL =
      List.of(
          harmless("saves and finds odd ids", at -> KEYS.forEach(key -> count(at, key))),
          harmless(
              "deletes odd ids",
              at -> {
                KEYS.forEach(key -> count(at, key));
                KEYS.stream()
                    .filter(key -> key.length() % 2 == 0)
                    .forEach(key -> at.context().delete(Label.class, key, at.id()));
                KEYS.forEach(key -> count(at, key));
              }),
          harmless(
              "asks for rows by odd ids",
              at -> {
                KEYS.forEach(key -> count(at, key));
                for (String key : KEYS) {
                  int found =
                      at.context()
                          .query(Label.class)
                          .where(Label::key)
                          .is(key)
                          .limit(9)
                          .list()
                          .size();
                  count(at, "found " + found);
                }
              }),
          fatal("saves U+0000 in an id", at -> save(at, "a\0b", 1)),
          fatal("saves half a pair in an id", at -> save(at, "\uDC00", 1)),
          fatal("saves an id that is too long", at -> save(at, "k".repeat(2_001), 1)),
          fatal("saves an id that is too long in bytes", at -> save(at, "\u20AC".repeat(700), 1)));

  private static void count(HandlerMoment at, String key) {
    long known = at.context().find(Label.class, key, at.id()).map(Label::value).orElse(0L);
    save(at, key, known + 1);
  }

  private static void save(HandlerMoment at, String key, long value) {
    at.context().save(new Label(key, at.id(), value));
  }
}
