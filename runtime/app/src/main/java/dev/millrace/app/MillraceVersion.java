package dev.millrace.app;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The version of Millrace, from the manifest of its jar. */
final class MillraceVersion implements IVersionProvider {
  static String text() {
    return Optional.ofNullable(MillraceVersion.class.getPackage().getImplementationVersion())
        .orElse("(unpackaged)");
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "Millrace " + text(), "Java " + Runtime.version() + " on " + System.getProperty("os.name")
    };
  }
}
