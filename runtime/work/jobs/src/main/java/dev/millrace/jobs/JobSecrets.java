package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Values that no run stores: passwords and keys of the program. Texts for people, such as logs and
 * errors, have them masked; inputs, outputs and results of steps that contain one are refused, as a
 * mask would change what the program computes with.
 *
 * <p>Immutable. No {@code toString} shows a value.
 */
public final class JobSecrets {
  /** A shorter value would mask parts of ordinary words. */
  static final int MIN_LENGTH = 6;

  private static final JobSecrets NONE = new JobSecrets(List.of());
  private static final String MASK = "***";

  /** The longest first: one may contain another. */
  private final List<String> values;

  /** The values as JSON has them within a string. */
  private final List<String> encoded;

  private JobSecrets(List<String> values) {
    this.values = values;
    this.encoded =
        values.stream()
            .map(value -> JobJson.encode(value, "secret"))
            .map(json -> json.substring(1, json.length() - 1))
            .toList();
  }

  public static JobSecrets none() {
    return NONE;
  }

  /** Adds values; those of less than six characters are left out. */
  public JobSecrets with(Collection<String> more) {
    List<String> all = new ArrayList<>(values);
    more.stream()
        .filter(value -> value.length() >= MIN_LENGTH && !all.contains(value))
        .forEach(all::add);
    all.sort(Comparator.comparingInt(String::length).reversed());
    return all.size() == values.size() ? this : new JobSecrets(List.copyOf(all));
  }

  /** Masks the values in a text for people. */
  String mask(String text) {
    String masked = text;
    for (String value : values) {
      masked = masked.replace(value, MASK);
    }
    return masked;
  }

  /**
   * Refuses JSON that contains a value.
   *
   * @param what names the JSON in the refusal
   * @throws MillraceException with remedy {@code FIX_HANDLER}
   */
  String refuse(String json, String what) {
    for (String value : encoded) {
      if (json.contains(value)) {
        throw new MillraceException(
            Remedy.FIX_HANDLER,
            what
                + " contains a secret and is not stored; pass a reference, such as the name of a variable");
      }
    }
    return json;
  }

  @Override
  public String toString() {
    return "secrets=" + values.size();
  }
}
