package org.sandglass.ops.nn;

import java.util.Arrays;
import java.util.List;

/**
 * What tells one residual network from another.
 *
 * @param stem what precedes the stages
 * @param width channels of the first stage's 3×3 convolutions, doubled by each further stage
 * @param stages blocks of each stage
 */
record ResNetPlan(Stem stem, Block block, int width, List<Integer> stages) {

    enum Stem {
        /** 7×7 convolution of stride 2 and 3×3 max pooling of stride 2. */
        IMAGE_NET,
        /** 3×3 convolution. */
        CIFAR
    }

    enum Block {
        /** 3×3, 3×3. */
        BASIC(1),
        /** 1×1, 3×3, 1×1 with four times the channels. */
        BOTTLENECK(4);

        private final int expansion;

        Block(int expansion) {
            this.expansion = expansion;
        }

        /** Output channels per channel of the 3×3 convolutions. */
        int expansion() {
            return expansion;
        }
    }

    static ResNetPlan imageNet(Block block, Integer... stages) {
        return new ResNetPlan(Stem.IMAGE_NET, block, 64, Arrays.asList(stages));
    }

    /** @param depth 6n + 2 */
    static ResNetPlan cifar(int depth) {
        int blocks = (depth - 2) / 6;
        return new ResNetPlan(Stem.CIFAR, Block.BASIC, 16, List.of(blocks, blocks, blocks));
    }
}
