package dev.millrace.loaders;

import java.util.List;

/** A definition that cannot work, with every mistake found in it. */
public final class DefinitionException extends MillraceException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // always an immutable list of strings
  private final List<String> mistakes;

  public DefinitionException(String subject, List<String> mistakes) {
    super(Remedy.FIX_SETUP, text(subject, mistakes));
    this.mistakes = List.copyOf(mistakes);
  }

  public List<String> mistakes() {
    return mistakes;
  }

  private static String text(String subject, List<String> mistakes) {
    return "definition is wrong: subject=%s mistakes=%d\n  - %s"
        .formatted(subject, mistakes.size(), String.join("\n  - ", mistakes));
  }
}
