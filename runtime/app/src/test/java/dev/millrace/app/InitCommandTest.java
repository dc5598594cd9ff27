package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.ConfigFile;
import dev.millrace.runner.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InitCommandTest {
  @TempDir Path directory;

  @Test
  void project_isWrittenWithoutABlankLeft() throws Exception {
    assertThat(init("my-token").code()).isEqualTo(ExitCode.DONE);

    Path root = directory.resolve("my-token");
    assertThat(files(root))
        .containsExactly(
            ".gitignore",
            "millrace.yaml",
            "pom.xml",
            "run",
            "src/main/java/mytoken/MyTokenIndexer.java",
            "src/test/java/mytoken/MyTokenIndexerTest.java");
    for (String file : files(root)) {
      assertThat(Files.readString(root.resolve(file))).doesNotContain("{{", "}}");
    }
    assertThat(Files.readString(root.resolve("pom.xml"))).doesNotContain("<version>$", "${j");
    assertThat(root.resolve("run")).isExecutable();
    assertThat(ConfigFile.read(root.resolve("millrace.yaml"), Map.of()))
        .isInstanceOfSatisfying(
            ConfigFile.Valid.class,
            valid -> assertThat(valid.config().name()).isEqualTo("my_token"));
  }

  @Test
  void project_hasThePackageThatIsAskedFor() throws Exception {
    assertThat(init("new", "--package", "com.acme.tokens").code()).isEqualTo(ExitCode.DONE);

    assertThat(files(directory.resolve("new")))
        .contains("src/main/java/com/acme/tokens/NewIndexer.java");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "A", "1st", "a_b", "a--b", "a-", "-", "../x", "a/b", "ä", "millrace-x"})
  void name_thatIsNoneIsRefused(String name) {
    InitOutput output = init("--", name);

    assertThat(output.code()).isEqualTo(ExitCode.MISUSE);
    assertThat(output.err()).startsWith("millrace: name is ").contains("name=" + name);
    assertThat(directory).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"class", "new", "int", "true", "null", "java"})
  void name_thatJavaKeepsNeedsAPackage(String name) {
    InitOutput output = init(name);

    assertThat(output.code()).isEqualTo(ExitCode.MISUSE);
    assertThat(output.err()).contains("choose one with --package: package=" + name);
    assertThat(directory).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a..b", "Com.acme", "com.new", "dev.millrace.mine", ".a", "a b"})
  void package_thatIsNoneIsRefused(String name) {
    assertThat(init("fine", "--package", name).err()).contains("package=" + name);
  }

  @Test
  void directory_withSomethingInItIsLeftAlone() throws Exception {
    Path kept = Files.createDirectory(directory.resolve("mine")).resolve("kept");
    assertThat(init("mine", "--check").code()).isEqualTo(ExitCode.DONE);
    Files.writeString(kept, "mine");

    InitOutput output = init("mine");

    assertThat(output.code()).isEqualTo(ExitCode.MISUSE);
    assertThat(output.err()).contains("there is something by this name already", "path=");
    assertThat(files(directory)).containsExactly("mine/kept");
  }

  private record InitOutput(int code, String err) {}

  private InitOutput init(String... arguments) {
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        new CommandLineRunner(captured.shell(), List.of())
            .execute(Stream.concat(Stream.of("init"), Stream.of(arguments)).toArray(String[]::new));
    return new InitOutput(code, captured.err());
  }

  private static List<String> files(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
