package org.sandglass.ops.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.tensor.Shape;

/**
 * The residual networks that can be trained, with torchvision's parameter names.
 *
 * <p>{@code resnet18} to {@code resnet152} are the networks of He et al., "Deep Residual Learning for Image Recognition"
 * (arXiv 1512.03385), table 1, in the variant of Goyal et al., section 5.1: a bottleneck that halves the resolution does
 * so in its 3×3 convolution. {@code cifar-resnet(6n+2)} are the networks of section 4.2 of the former: a 3×3 stem of 16
 * channels and three stages of n basic blocks with 16, 32 and 64 channels. One thing differs from that section: where a
 * block changes the shape, its shortcut is a projection (1×1 convolution and batch norm, option B) as in the large
 * networks, not a padded identity (option A). The name counts the layers as the paper does, without projections.
 */
public final class ResNet {

    private static final Map<String, ResNetPlan> PLANS = new LinkedHashMap<>();

    static {
        PLANS.put("resnet18", ResNetPlan.imageNet(ResNetPlan.Block.BASIC, 2, 2, 2, 2));
        PLANS.put("resnet34", ResNetPlan.imageNet(ResNetPlan.Block.BASIC, 3, 4, 6, 3));
        PLANS.put("resnet50", ResNetPlan.imageNet(ResNetPlan.Block.BOTTLENECK, 3, 4, 6, 3));
        PLANS.put("resnet101", ResNetPlan.imageNet(ResNetPlan.Block.BOTTLENECK, 3, 4, 23, 3));
        PLANS.put("resnet152", ResNetPlan.imageNet(ResNetPlan.Block.BOTTLENECK, 3, 8, 36, 3));
        for (int depth : new int[] {8, 14, 20, 32, 44, 56, 110}) {
            PLANS.put("cifar-resnet" + depth, ResNetPlan.cifar(depth));
        }
    }

    private ResNet() {}

    /** The names that {@link #of} takes. */
    public static List<String> models() {
        return List.copyOf(PLANS.keySet());
    }

    /**
     * Builds a network for RGB images.
     *
     * @param imageSize height and width of an input image in pixels
     * @param zeroGamma whether the last batch norm of each residual block starts with γ = 0
     * @throws IllegalArgumentException if the model is unknown, naming the nearest, or a number is not positive
     */
    public static Network of(String model, int classes, int imageSize, boolean zeroGamma) {
        ResNetPlan plan = PLANS.get(model);
        if (plan == null) {
            throw new IllegalArgumentException("Cannot build model " + model + ": there is none of this name; nearest: "
                    + Nearest.of(model, PLANS.keySet()) + "; all: " + String.join(", ", PLANS.keySet()));
        }
        if (classes <= 0 || imageSize <= 0) {
            throw new IllegalArgumentException("Cannot build model " + model
                    + ": classes and imageSize must be positive: " + classes + ", " + imageSize);
        }
        ResNetBuilder builder = new ResNetBuilder(Shape.of(3, imageSize, imageSize));
        return builder.build(model, plan, classes, zeroGamma);
    }
}
