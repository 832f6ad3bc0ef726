export declare function preludeModule(): string
