package dev.millrace.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Suggests the known word that was probably meant. */
public final class SpellingSuggestion {
  private SpellingSuggestion() {}

  /** Returns the known word nearest to {@code written}, if any is near enough to suggest. */
  public static Optional<String> nearest(String written, Collection<String> known) {
    String plain = plain(written);
    int tolerated = Math.max(1, plain.length() / 3);
    return known.stream()
        .filter(word -> distance(plain, plain(word)) <= tolerated)
        .min(Comparator.comparingInt(word -> distance(plain, plain(word))));
  }

  /**
   * {@code batch_events}, {@code batch-events} and {@code BatchEvents} are all {@code batchEvents}.
   */
  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
  }

  /** The minimum number of letters to insert, delete or replace, and of neighbours to swap. */
  private static int distance(String one, String other) {
    int[] before = new int[other.length() + 1];
    int[] row = new int[other.length() + 1];
    for (int column = 0; column <= other.length(); column++) {
      row[column] = column;
    }
    for (int line = 1; line <= one.length(); line++) {
      int[] next = new int[other.length() + 1];
      next[0] = line;
      for (int column = 1; column <= other.length(); column++) {
        int replaced = row[column - 1] + (one.charAt(line - 1) == other.charAt(column - 1) ? 0 : 1);
        next[column] = Math.min(replaced, Math.min(row[column], next[column - 1]) + 1);
        if (isSwapped(one, line, other, column)) {
          next[column] = Math.min(next[column], before[column - 2] + 1);
        }
      }
      before = row;
      row = next;
    }
    return row[other.length()];
  }

  /** True if the two letters before these positions are swapped. */
  private static boolean isSwapped(String one, int line, String other, int column) {
    return line > 1
        && column > 1
        && one.charAt(line - 1) == other.charAt(column - 2)
        && one.charAt(line - 2) == other.charAt(column - 1);
  }
}
