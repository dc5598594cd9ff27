package dev.millrace.config;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Resolves references to environment variables: a dollar sign, then in braces a name, and after
 * {@code :-} a default.
 *
 * <p>As in a shell, the default also replaces an empty variable. Two dollar signs before the brace
 * make a literal one.
 */
final class VariableInterpolation {
  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\$\\{|\\$\\{(?<inside>[^}]*)(?<end>}?)");
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final Map<String, String> environment;

  VariableInterpolation(Map<String, String> environment) {
    this.environment = environment;
  }

  sealed interface Resolution {}

  record Resolved(String value) implements Resolution {}

  record Unresolved(String wrong, String expected) implements Resolution {}

  Resolution resolve(String written) {
    Matcher reference = REFERENCE.matcher(written);
    StringBuilder filled = new StringBuilder();
    int copied = 0;
    while (reference.find()) {
      filled.append(written, copied, reference.start());
      copied = reference.end();
      if (reference.group("inside") == null) {
        filled.append("${");
        continue;
      }
      switch (value(reference.group("inside"), !reference.group("end").isEmpty())) {
        case Resolved(String value) -> filled.append(value);
        case Unresolved unresolved -> {
          return unresolved;
        }
      }
    }
    return new Resolved(filled.append(written, copied, written.length()).toString());
  }

  private Resolution value(String inside, boolean closed) {
    int split = inside.indexOf(":-");
    String name = split < 0 ? inside : inside.substring(0, split);
    if (!closed || !NAME.matcher(name).matches()) {
      return new Unresolved(
          "has a broken reference: ${" + name,
          "${NAME} or ${NAME:-instead}, or $${ for a plain ${");
    }
    String value = environment.get(name);
    if (split >= 0 && (value == null || value.isEmpty())) {
      return new Resolved(inside.substring(split + 2));
    }
    return value == null
        ? new Unresolved(
            "refers to a variable that is not set: " + name,
            "it in the environment, or ${" + name + ":-instead}")
        : new Resolved(value);
  }
}
