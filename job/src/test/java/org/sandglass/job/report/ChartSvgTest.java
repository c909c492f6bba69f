package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.sandglass.job.report.Chart.Axis;
import org.sandglass.job.report.Chart.Line;
import org.sandglass.job.report.Chart.Point;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ChartSvgTest {

    private final Chart chart = new Chart(
            "sweep",
            "Error & minibatch",
            Axis.log("minibatch"),
            Axis.linear("error, %"),
            List.of(
                    new Line("a", true, List.of(Point.of(64, 20, 1), Point.of(1024, 20, 1), Point.of(16384, 40, 2))),
                    new Line("b", false, List.of(Point.of(64, Double.NaN), Point.of(1024, 30)))));

    @Test
    void shouldBeWellFormed() throws Exception {
        Document svg = parse(ChartSvg.of(chart));
        assertThat(svg.getDocumentElement().getNamespaceURI()).isEqualTo("http://www.w3.org/2000/svg");
        assertThat(text(svg)).contains("Error & minibatch", "minibatch", "error, %", "64", "1k", "16k", "a", "b");
    }

    @Test
    void shouldPutPointsWhereTheyBelong() throws Exception {
        NodeList circles = parse(ChartSvg.of(chart)).getElementsByTagName("circle");
        assertThat(circles.getLength()).isEqualTo(3);
        double first = attribute(circles, 0, "cx");
        double middle = attribute(circles, 1, "cx");
        double last = attribute(circles, 2, "cx");
        assertThat(middle - first).isEqualTo(last - middle);
        assertThat(attribute(circles, 0, "cy")).isEqualTo(attribute(circles, 1, "cy"));
        assertThat(attribute(circles, 2, "cy")).isLessThan(attribute(circles, 0, "cy"));
    }

    @Test
    void shouldLeaveOutWhatIsNoNumber() throws Exception {
        NodeList lines = parse(ChartSvg.of(chart)).getElementsByTagName("polyline");
        assertThat(((Element) lines.item(1)).getAttribute("points").split(" ")).hasSize(1);
    }

    /** As many as the paper's sweep has settings. */
    @Test
    void shouldGiveEveryLineAColorOfItsOwn() throws Exception {
        List<Line> lines = IntStream.range(0, 16)
                .mapToObj(i -> new Line("line " + i, false, List.of(Point.of(0, i), Point.of(1, i))))
                .toList();
        NodeList drawn = parse(ChartSvg.of(new Chart("many", "Many", Axis.linear("x"), Axis.linear("y"), lines)))
                .getElementsByTagName("polyline");
        assertThat(IntStream.range(0, 16).mapToObj(i -> ((Element) drawn.item(i)).getAttribute("stroke")))
                .doesNotHaveDuplicates();
    }

    @Test
    void shouldDrawNothing() throws Exception {
        Chart empty = new Chart("empty", "Empty", Axis.linear("x"), Axis.linear("y"), List.of());
        assertThat(parse(ChartSvg.of(empty)).getElementsByTagName("polyline").getLength())
                .isZero();
    }

    private static double attribute(NodeList nodes, int index, String name) {
        return Double.parseDouble(((Element) nodes.item(index)).getAttribute(name));
    }

    private static List<String> text(Document svg) {
        NodeList texts = svg.getElementsByTagName("text");
        return IntStream.range(0, texts.getLength())
                .mapToObj(i -> texts.item(i).getTextContent())
                .toList();
    }

    private static Document parse(String svg) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }
}
