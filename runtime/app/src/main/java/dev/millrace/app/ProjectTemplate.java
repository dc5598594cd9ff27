package dev.millrace.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/** A project as {@code init} writes it: templates, and the names that fill them. */
record ProjectTemplate(String name, String packageName) {
  private static final Pattern BLANK = Pattern.compile("\\{\\{(?<key>[a-z]+)}}");
  private static final int MAX_NAME = 50;
  private static final Set<String> TAKEN = Set.of("java", "javax", "jdk", "sun");

  /**
   * Checks the names.
   *
   * @param packageName empty: the name without its dashes
   */
  static ProjectTemplate of(String name, Optional<String> packageName) {
    if (!name.matches("[a-z][a-z0-9]*(-[a-z0-9]+)*") || name.length() > MAX_NAME) {
      throw refused(
          "name is lower-case letters, digits and single dashes, a letter first, at most %d of them, and no path: name=%s"
              .formatted(MAX_NAME, name));
    }
    String schema = schema(name);
    if (schema.startsWith("pg_")
        || schema.startsWith("millrace_")
        || schema.equals("information_schema")) {
      throw refused("name is that of a schema which is taken: name=" + name);
    }
    String chosen = packageName.orElse(name.replace("-", ""));
    if (!SourceVersion.isName(chosen, SourceVersion.latest())
        || !chosen.matches("[a-z0-9_.]+")
        || TAKEN.contains(chosen.split("\\.", -1)[0])
        || chosen.equals("dev.millrace")
        || chosen.startsWith("dev.millrace.")) {
      throw refused(
          "package is lower-case and made of no word that Java keeps for itself, choose one with --package: package="
              + chosen);
    }
    return new ProjectTemplate(name, chosen);
  }

  private static MillraceException refused(String message) {
    return new MillraceException(Remedy.FIX_SETUP, message);
  }

  private static String schema(String name) {
    return name.replace('-', '_');
  }

  /**
   * Returns the name of the indexer class; no name makes it a class that its file uses otherwise.
   */
  String type() {
    return Arrays.stream(name.split("-", -1))
            .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
            .collect(Collectors.joining())
        + "Indexer";
  }

  void write(Path directory) throws IOException {
    Map<String, String> blanks = blanks();
    String below = packageName.replace('.', '/') + "/" + type();
    write("pom.xml", directory.resolve("pom.xml"), blanks);
    write("millrace.yaml", directory.resolve("millrace.yaml"), blanks);
    write("Indexer.java", directory.resolve("src/main/java/" + below + ".java"), blanks);
    write("Test.java", directory.resolve("src/test/java/" + below + "Test.java"), blanks);
    write("gitignore", directory.resolve(".gitignore"), blanks);
    Path run = directory.resolve("run");
    write("run", run, blanks);
    if (!run.toFile().setExecutable(true)) {
      throw new IOException("file cannot be made executable: file=" + run);
    }
  }

  private Map<String, String> blanks() throws IOException {
    Properties versions = new Properties();
    try (InputStream read = template("versions.properties")) {
      versions.load(read);
    }
    Map<String, String> blanks = new HashMap<>();
    versions.stringPropertyNames().forEach(key -> blanks.put(key, versions.getProperty(key)));
    blanks.put("name", name);
    blanks.put("package", packageName);
    blanks.put("type", type());
    blanks.put("indexer", schema(name));
    return blanks;
  }

  private static void write(String template, Path file, Map<String, String> blanks)
      throws IOException {
    String text;
    try (InputStream read = template(template)) {
      text = new String(read.readAllBytes(), UTF_8);
    }
    String filled =
        BLANK
            .matcher(text)
            .replaceAll(blank -> Matcher.quoteReplacement(value(blank.group("key"), blanks)));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, filled);
  }

  private static String value(String key, Map<String, String> blanks) {
    return Optional.ofNullable(blanks.get(key))
        .orElseThrow(() -> new IllegalStateException("template has an unknown blank: key=" + key));
  }

  private static InputStream template(String name) throws IOException {
    InputStream read = ProjectTemplate.class.getResourceAsStream("project/" + name);
    if (read == null) {
      throw new FileNotFoundException("template is missing: name=" + name);
    }
    return read;
  }
}
