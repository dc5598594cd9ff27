package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The vocabulary of {@code docs/glossary.md} in names, and the first word of Javadocs. */
final class VocabularyTest {
  /** Words that no name contains: the glossary has another one for each. */
  private static final Set<String> BANNED =
      Set.of(
          "anybody",
          "baton",
          "heir",
          "lie",
          "mishap",
          "mishaps",
          "nobody",
          "nobodys",
          "rehearsal",
          "rehearse",
          "rehearsed",
          "seat",
          "settled",
          "somebody",
          "story",
          "tale",
          "tell",
          "telling",
          "tells",
          "told",
          "turn",
          "turned",
          "turning",
          "turns",
          "usual",
          "whatever",
          "whoever");

  /** Modules where a word has the meaning that the glossary gives it. */
  private static final Map<String, Set<String>> AT_HOME =
      Map.of("settled", Set.of("jobs", "statements", "backfill", "queries"));

  /** Names of types that say nothing without their bodies. */
  private static final Set<String> BARE =
      Set.of(
          "Ask",
          "Cut",
          "Facts",
          "Fate",
          "Found",
          "Held",
          "Life",
          "Look",
          "News",
          "Place",
          "Reading",
          "Seat",
          "Standing",
          "Stretch",
          "Trouble",
          "Troubles",
          "Turn",
          "Wish");

  private static final Pattern EMPTY_SUFFIX =
      Pattern.compile("(?:Abstract|Base).+|.+(?:Manager|Helper|Utils?|Impl)");

  private static final Pattern LIMIT =
      Pattern.compile(
          "(?:MOST|LONGEST|LARGEST|GREATEST|DEEPEST|HIGHEST|USUAL|LEAST|FEWEST|SMALLEST|SHORTEST"
              + "|SLOWEST|LOWEST)(?:_.*)?");

  private static final Pattern WORD = Pattern.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])");

  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_]\\w*");

  private static final Pattern QUESTION =
      Pattern.compile(
          "/\\*\\*[\\s*]*(?:What|Whatever|Whether|Where|Wherever|Who|Whoever|Whose|How|However)\\b");

  /** Text blocks and strings, which are no comments, and comments. */
  private static final Pattern COMMENT =
      Pattern.compile(
          "\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*+\"|'(?:\\\\.|[^'\\\\\n])'"
              + "|(?<comment>/\\*.*?\\*/|//[^\n]*)",
          Pattern.DOTALL);

  /** Words that comments do without, except the user nobody of operating systems. */
  private static final Pattern DIALECT =
      Pattern.compile(
          "\\b(?:told|tells?|telling|(?<!user )nobody|somebody|anybody|whoever|whatever)\\b",
          Pattern.CASE_INSENSITIVE);

  /** Classes by module: all rules look at the same ones. */
  private static final Map<String, List<JavaClass>> CLASSES = new ConcurrentHashMap<>();

  @ParameterizedTest
  @MethodSource("modules")
  void names_haveNoBannedWord(String module) {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass type : classes(module)) {
      if (banned(module, type.getSimpleName())) {
        wrong.add(type.getName());
      }
      for (JavaMember member : members(type)) {
        if (banned(module, member.getName())) {
          wrong.add(type.getName() + "." + member.getName());
        }
      }
    }
    assertThat(wrong).as("names with words that docs/glossary.md replaces").isEmpty();
  }

  /** Looks at the sources, as class files name neither parameters nor local variables. */
  @ParameterizedTest
  @MethodSource("modules")
  void variables_haveNoBannedWord(String module) throws IOException {
    Set<String> wrong = new TreeSet<>();
    for (Path source : sources(Objects.requireNonNull(Modules.all().get(module), module))) {
      String code = COMMENT.matcher(Files.readString(source)).replaceAll(" ");
      IDENTIFIER
          .matcher(code)
          .results()
          .map(MatchResult::group)
          .filter(name -> banned(module, name))
          .forEach(name -> wrong.add(source.getFileName() + ": " + name));
    }
    assertThat(wrong).as("names with words that docs/glossary.md replaces").isEmpty();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void types_areNamedForWhatTheyAre(String module) {
    assertThat(
            Modules.shipped(module).stream()
                .filter(type ->
                    BARE.contains(type.getSimpleName())
                        || EMPTY_SUFFIX.matcher(type.getSimpleName()).matches())
                .map(JavaClass::getName))
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void limits_areNamedMaxMinAndDefault(String module) {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass type : classes(module)) {
      for (JavaMember member : members(type)) {
        if (LIMIT.matcher(member.getName()).matches()) {
          wrong.add(type.getName() + "." + member.getName());
        }
      }
    }
    assertThat(wrong).as("constants are MAX_, MIN_ and DEFAULT_").isEmpty();
  }

  @Test
  void topLevelTypes_haveOneNameEach() {
    Map<String, Set<String>> byName = new TreeMap<>();
    for (String module : Modules.all().keySet()) {
      for (JavaClass type : classes(module)) {
        if (type.isTopLevelClass() && !type.getSimpleName().equals("package-info")) {
          byName.computeIfAbsent(type.getSimpleName(), _ -> new TreeSet<>()).add(type.getName());
        }
      }
    }
    assertThat(byName).hasSizeGreaterThan(100);
    byName.values().removeIf(names -> names.size() == 1);
    assertThat(byName).as("a name that is searched for is found once").isEmpty();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void javadocs_openWithAVerbOrANoun(String module) throws IOException {
    Set<String> wrong = new TreeSet<>();
    Path directory = Objects.requireNonNull(Modules.all().get(module), module);
    for (Path source : sources(directory)) {
      Matcher question = QUESTION.matcher(Files.readString(source));
      while (question.find()) {
        wrong.add(source.getFileName() + ": " + question.group().replaceAll("\\s+", " "));
      }
    }
    assertThat(wrong).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void comments_haveNoWordOfADialect(String module) throws IOException {
    Set<String> wrong = new TreeSet<>();
    for (Path source : sources(Objects.requireNonNull(Modules.all().get(module), module))) {
      Matcher comment = COMMENT.matcher(Files.readString(source));
      while (comment.find()) {
        Matcher word = DIALECT.matcher(Objects.requireNonNullElse(comment.group("comment"), ""));
        while (word.find()) {
          wrong.add(source.getFileName() + ": " + word.group());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }

  private static boolean banned(String module, String name) {
    return WORD.matcher(name)
        .results()
        .map(word -> word.group().toLowerCase(Locale.ROOT))
        .anyMatch(word ->
            BANNED.contains(word) && !AT_HOME.getOrDefault(word, Set.of()).contains(module));
  }

  private static List<JavaClass> classes(String module) {
    return CLASSES.computeIfAbsent(module, VocabularyTest::imported);
  }

  private static List<JavaClass> imported(String module) {
    return Stream.concat(Modules.shipped(module).stream(), Modules.tests(module).stream()).toList();
  }

  /** Methods and constants as they are written, without what the compiler adds. */
  private static List<JavaMember> members(JavaClass type) {
    return type.getMembers().stream()
        .filter(member -> !member.getModifiers().contains(JavaModifier.SYNTHETIC))
        .filter(member ->
            !(member instanceof JavaField)
                || member
                    .getModifiers()
                    .containsAll(List.of(JavaModifier.STATIC, JavaModifier.FINAL)))
        .toList();
  }

  private static List<Path> sources(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory.resolve("src"))) {
      return all.filter(path -> path.toString().endsWith(".java")).toList();
    }
  }
}
