package dev.millrace.postgres.client;

import dev.millrace.loaders.ColumnType;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * The constants of an enum in a definition, {@code enum A|B}. Adding a constant is always allowed;
 * a removed constant may still be in a row. Schemas of early versions have stored none.
 */
public record EnumConstants(List<String> names) {
  private static final String WORD = "enum";
  private static final String BAR = "|";

  static EnumConstants of(ColumnType.Enumerated type) {
    return new EnumConstants(
        Arrays.stream(type.type().getEnumConstants()).map(constant -> constant.name()).toList());
  }

  /** Returns the constants in the description of a column; none if it is no enum. */
  static EnumConstants in(String description) {
    int start = description.indexOf(WORD + " ");
    if (start < 0) {
      return new EnumConstants(List.of());
    }
    String names = description.substring(start + WORD.length() + 1).split("[,>]", 2)[0];
    return new EnumConstants(List.of(names.split("\\|")));
  }

  String describe() {
    return WORD + " " + String.join(BAR, names);
  }

  /** Returns the description without the constants. */
  private static String bare(String description) {
    EnumConstants constants = in(description);
    return constants.names.isEmpty()
        ? description
        : description.replace(constants.describe(), WORD);
  }

  /** True if a column may stay as it is, with new constants at most. */
  public static boolean allow(String before, String after) {
    return bare(before).equals(bare(after)) && gone(before, after).isEmpty();
  }

  /** Returns the constants that were removed. */
  public static List<String> gone(String before, String after) {
    TreeSet<String> gone = new TreeSet<>(in(before).names);
    gone.removeAll(in(after).names);
    return List.copyOf(gone);
  }

  public static boolean onlyConstantsDiffer(String before, String after) {
    return bare(before).equals(bare(after));
  }
}
