package dev.millrace.loaders;

/** Converts {@code tokenId} to {@code token_id} and {@code ERC20Token} to {@code erc20_token}. */
final class SnakeCaseNames {
  private SnakeCaseNames() {}

  static String of(String name) {
    StringBuilder out = new StringBuilder(name.length() + 8);
    for (int i = 0; i < name.length(); i++) {
      char unit = name.charAt(i);
      if (Character.isUpperCase(unit) && i > 0 && startsWord(name, i)) {
        out.append('_');
      }
      out.append(Character.toLowerCase(unit));
    }
    return out.toString();
  }

  private static boolean startsWord(String name, int at) {
    char before = name.charAt(at - 1);
    boolean lowerFollows = at + 1 < name.length() && Character.isLowerCase(name.charAt(at + 1));
    return before != '_'
        && (Character.isLowerCase(before) || lowerFollows || Character.isDigit(before));
  }
}
