package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * The libraries on the compile class path of a program that names a module of Millrace, read from
 * the POMs: dependencies of scope compile that are not optional, followed through our own modules.
 */
final class ClassPathTest {
  private static final String OURS = "dev.millrace";

  @Test
  void handlers_compileAgainstJSpecifyAndSlf4jAlone() throws Exception {
    assertThat(libraries("millrace-evm"))
        .containsExactly("org.jspecify:jspecify", "org.slf4j:slf4j-api");
  }

  @Test
  void model_bringsJSpecifyAlone() throws Exception {
    assertThat(libraries("millrace-model")).containsExactly("org.jspecify:jspecify");
    assertThat(libraries("millrace-staging")).containsExactly("org.jspecify:jspecify");
  }

  /** A library may bring others of its own; those allowed above bring none. */
  private static Set<String> libraries(String artifact) throws Exception {
    Map<String, Path> poms = new TreeMap<>();
    for (Path directory : Modules.poms().values()) {
      Path pom = directory.resolve("pom.xml");
      poms.put(text(read(pom), "artifactId").orElseThrow(), pom);
    }
    Set<String> libraries = new TreeSet<>();
    Set<String> seen = new TreeSet<>();
    List<Path> open = new ArrayList<>(List.of(poms.get(artifact), Modules.ROOT.resolve("pom.xml")));
    while (!open.isEmpty()) {
      for (Element dependency : dependencies(read(open.removeLast()))) {
        String group = text(dependency, "groupId").orElseThrow();
        String name = text(dependency, "artifactId").orElseThrow();
        if (!isCompiledAgainst(dependency)) {
          continue;
        }
        if (!group.equals(OURS)) {
          libraries.add(group + ":" + name);
        } else if (seen.add(name)) {
          assertThat(poms).containsKey(name);
          open.add(poms.get(name));
        }
      }
    }
    return libraries;
  }

  private static boolean isCompiledAgainst(Element dependency) {
    return text(dependency, "scope").orElse("compile").equals("compile")
        && !text(dependency, "optional").orElse("false").equals("true");
  }

  private static List<Element> dependencies(Element project) {
    return children(project, "dependencies").stream()
        .flatMap(block -> children(block, "dependency").stream())
        .toList();
  }

  private static Element read(Path pom)
      throws IOException, ParserConfigurationException, SAXException {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(pom.toFile())
        .getDocumentElement();
  }

  private static Optional<String> text(Element parent, String name) {
    return children(parent, name).stream().findFirst().map(each -> each.getTextContent().strip());
  }

  private static List<Element> children(Element parent, String name) {
    List<Element> found = new ArrayList<>();
    NodeList all = parent.getChildNodes();
    for (int i = 0; i < all.getLength(); i++) {
      Node child = all.item(i);
      if (child instanceof Element element && element.getTagName().equals(name)) {
        found.add(element);
      }
    }
    return found;
  }
}
